// The timeline: ties the parts together, and is what Streamlit mounts.

const COARSEST_ASKED = 52;

class Timeline {
  constructor(root, data) {
    this.data = data;
    this.source = new Source(data.place, data.token);
    this.panel = new Panel(root, this);
    this.stage = this.panel.stage;
    this.frame = 0;
    this.top = 0;
    this.marks = [];
    this.item = null;
    this.gaps = [];
    this.panel.root.timeline = this; // for whoever looks behind the picture, as tests do
    this.begin();
  }

  async begin() {
    try {
      this.manifest = await this.source.json("manifest");
    } catch (error) {
      return this.fail(error.message);
    }
    this.scene = new Scene(this.manifest);
    this.painter = new Painter(this.panel.canvas, this.manifest);
    this.view = new View(this.manifest.first, this.manifest.last);
    this.tiles = new Tiles(this.source, this.manifest.buckets, () => this.draw(), (e) => this.fail(e));
    this.names = new Names(this.source, () => this.draw());
    this.input = new Input(this.stage, this);
    const [start, end] = this.manifest.view;
    this.view.set(start - (end - start) * 0.02, end + (end - start) * 0.02);
    this.fromAddress();
    if (this.linked) this.choose(this.linked);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.stage);
    this.grow();
    this.draw();
  }

  /** As high as the lanes need, within what a page has room for. */
  grow() {
    const high = Math.min(Math.max(this.scene.height + RULER + 8, 200), 720);
    this.stage.style.height = `${high}px`;
  }

  update(data) {
    this.data = data;
    this.source.token = data.token;
    if (this.tiles) this.draw();
  }

  end() {
    if (this.tiles) this.tiles.ended = true;
    this.watcher?.disconnect();
    cancelAnimationFrame(this.frame);
    this.panel.root.remove();
  }

  fail(words) {
    this.panel.state.textContent = words;
    this.panel.root.dataset.state = "failed";
  }

  // ---- drawing

  draw() {
    this.frame ||= requestAnimationFrame((now) => this.render(now));
  }

  /** Keep drawing while keys are held. */
  run() {
    this.last = performance.now();
    this.draw();
  }

  render(now) {
    this.frame = 0;
    const ms = Math.min(now - (this.last ?? now), 100);
    this.last = now;
    if (this.input.held.size) {
      const [pan, zoom] = this.input.moved(ms);
      if (pan) this.view.pan(pan);
      if (zoom) this.view.zoom(2 ** zoom);
      this.gaps.push(ms);
      this.touched();
    }
    const begun = performance.now();
    this.paint();
    this.script = performance.now() - begun;
    if (this.input.held.size) this.draw();
  }

  paint() {
    const box = this.stage.getBoundingClientRect();
    if (box.width <= GUTTER) return;
    const theme = this.data.theme === "dark" ? "dark" : "light";
    this.painter.resize(this.stage.clientWidth, this.stage.clientHeight, theme);
    this.painter.font = getComputedStyle(this.panel.root).fontFamily;
    const perPixel = this.view.length / Math.max(this.stage.clientWidth - GUTTER, 1);
    const level = Math.min(Math.max(Math.ceil(Math.log2(perPixel)), 0), COARSEST_ASKED);
    const span = this.tiles.spanOf(level);
    const [first, last] = [this.view.start, this.view.end].map((time) => Math.floor(time / span));
    this.exact = { level, first, last };
    this.highest ??= level;
    const { scene, view, tiles, names, top, exact } = this;
    const highest = Math.max(this.highest, level + 12);
    const lane = this.line?.key;
    const font = this.painter.font;
    const lines = this.painter.paint({ scene, view, tiles, names, top, exact, highest, lane, font });
    this.shownLines = lines.filter((line) => line.kind === "lane");
    this.overlay();
    this.ask();
  }

  /** Ask for the tiles that are missing in view; say whether the picture is exact. */
  ask() {
    const { level, first, last } = this.exact;
    const rows = this.shownLines.flatMap((line) => line.rows.map((row) => row.row));
    const missing = (l, i) => rows.filter((row) => !this.tiles.get(row, l, i));
    const wanted = [];
    for (let index = first; index <= last; index++) {
      const lacking = missing(level, index);
      if (lacking.length) wanted.push({ level, index, rows: lacking });
    }
    const exact = !wanted.length;
    if (exact && !this.input.held.size) {
      for (const index of [first - 1, last + 1]) {
        wanted.push({ level, index, rows: missing(level, index) });
      }
      wanted.push({ level: level + 1, index: Math.floor(first / 2), rows: missing(level + 1, Math.floor(first / 2)) });
    }
    this.tiles.want(wanted.filter((want) => want.rows.length));
    this.settle(exact);
  }

  settle(exact) {
    const root = this.panel.root;
    if (exact && root.dataset.state !== "exact") this.exactSince = performance.now();
    root.dataset.state = exact ? "exact" : "loading";
    if (!exact) return;
    clearTimeout(this.settled);
    this.settled = setTimeout(() => this.tell(), 250);
  }

  /** After the view has come to rest: the address, and the picture in words. */
  tell() {
    this.toAddress();
    const { start, end } = this.view;
    const lanes = this.visible();
    const said = lanes.map(({ label, count }) => `${label}: ${countText(count)}`).join("; ");
    const span = `From ${durationText(start)} to ${durationText(end)} after the first activity.`;
    this.panel.words.textContent = `${span} ${said}`;
    this.panel.canvas.setAttribute("aria-label", `Timeline. ${span}`);
    const events = countText(this.manifest.events);
    this.panel.state.textContent = `${durationText(end - start)} of ${durationText(this.manifest.length)} · ${events} events`;
  }

  overlay() {
    const line = (track) => this.shownLines.find((l) => l.rows.some((row) => row.tracks.includes(track)));
    const place = (span) => {
      const row = line(span.track)?.rows.find((one) => one.tracks.includes(span.track));
      return row && { y: row.y - this.top + RULER, height: row.height };
    };
    this.painter.overlay({ item: this.item, place, marks: this.marks, span: this.span });
  }

  /** What is in view, lane by lane, from the tiles behind the picture: bars once each. */
  visible() {
    const { level, first, last } = this.exact;
    return this.shownLines.map(({ lane, rows }) => {
      const bars = new Map();
      const merged = [];
      for (const row of rows) {
        for (let index = first; index <= last; index++) {
          const tile = this.tiles.get(row.row, level, index);
          if (tile) this.collect(tile, row, bars, merged);
        }
      }
      const count = bars.size + merged.reduce((sum, one) => sum + one.count, 0);
      return { key: lane.key, label: lane.label, bars: [...bars.values()], merged, count };
    });
  }

  collect(tile, row, bars, merged) {
    const { start, end } = this.view;
    for (let i = 0; i < tile.start.length; i++) {
      const bar = this.bar(tile, row, i);
      if (bar.start < end && (bar.end > start || bar.start >= start)) {
        bars.set(`${row.row}/${bar.track}/${bar.place}`, bar);
      }
    }
    const width = 2 ** tile.level;
    const origin = tile.index * this.manifest.buckets * width;
    for (let i = 0; i < tile.bucket.length; i++) {
      const from = origin + tile.bucket[i] * width;
      if (from < end && from + width > start) {
        const { [i]: count } = tile.count;
        merged.push({ row: row.row, start: from, width, count, total: tile.total[i], name: tile.longest[i] });
      }
    }
  }

  bar(tile, row, i) {
    return {
      row: row.row,
      track: row.tracks[tile.track[i]] ?? -1,
      place: tile.place[i],
      start: tile.start[i],
      end: tile.start[i] + tile.length[i],
      name: tile.name[i],
    };
  }

  // ---- moving about

  touched() {
    this.wasTouched = true;
    clearTimeout(this.settled);
  }

  moved() {
    this.touched();
    this.draw();
  }

  /** The measured span, if it isn't what fills the view already; else everything. */
  fit() {
    const { span, view } = this;
    if (span && (view.start !== span.start || view.end !== span.end)) view.set(span.start, span.end);
    else view.fit();
    this.moved();
  }

  zoom(factor) {
    this.view.zoom(factor);
    this.moved();
  }

  zoomAt(factor, x) {
    this.view.zoom(factor, this.timeAt(x));
    this.moved();
  }

  timeAt(x) {
    const room = Math.max(this.stage.clientWidth - GUTTER, 1);
    return this.view.start + ((x - GUTTER) / room) * this.view.length;
  }

  panPx(px) {
    this.view.pan(px / Math.max(this.stage.clientWidth - GUTTER, 1));
    this.moved();
  }

  scroll(px) {
    const most = Math.max(this.scene.height - this.stage.clientHeight + RULER + 8, 0);
    this.top = Math.min(Math.max(this.top + px, 0), most);
    this.moved();
  }

  lineAt({ y }) {
    return y < RULER ? undefined : this.scene.at(y - RULER + this.top);
  }

  // ---- looking at one bar

  /** The bar or merged bar at a place on the stage. */
  hit(at) {
    const line = at.x >= GUTTER ? this.lineAt(at) : undefined;
    if (!line || line.kind !== "lane") return null;
    const y = at.y - RULER + this.top;
    const row = line.rows.find((one) => y >= one.y && y <= one.y + one.height + 1);
    if (!row) return null;
    const time = this.timeAt(at.x);
    const slack = (2.5 * this.view.length) / Math.max(this.stage.clientWidth - GUTTER, 1);
    const { level } = this.exact;
    const tile = this.tiles.get(row.row, level, Math.floor(time / this.tiles.spanOf(level)));
    return tile ? this.hitTile(line, row, tile, time, slack) : null;
  }

  hitTile(line, row, tile, time, slack) {
    let best = null;
    for (let i = 0; i < tile.start.length; i++) {
      const end = tile.start[i] + tile.length[i];
      const away = Math.max(tile.start[i] - time, time - end, 0);
      if (away <= slack && (!best || away < best.away)) best = { away, ...this.bar(tile, row, i), line };
    }
    if (best && best.away === 0) return best;
    const width = 2 ** tile.level;
    const bucket = Math.floor(time / width) - tile.index * this.manifest.buckets;
    const place = tile.bucket.indexOf(bucket);
    if (place < 0) return best;
    const start = Math.floor(time / width) * width;
    const [count, total, name] = [tile.count[place], tile.total[place], tile.longest[place]];
    return { merged: true, line, row: row.row, start, width, count, total, name };
  }

  hover(at) {
    if (at) this.pointed = this.timeAt(at.x);
    const hit = at && this.hit(at);
    this.stage.style.cursor = hit ? "pointer" : "";
    this.panel.point(hit && this.inWords(hit), at?.x ?? 0, at?.y ?? 0);
  }

  inWords(hit) {
    const { lane, rows } = hit.line;
    if (lane.table === "engines") return this.engineWords(hit, rows[0].device);
    const name = this.names.get(lane.table, hit.name)?.[1] ?? "…";
    if (hit.merged) {
      const first = `${countText(hit.count)} start in these ${exactText(hit.width)}`;
      return [first, `together ${exactText(hit.total)}; the longest: ${name}`, "zoom in to see each"];
    }
    const length = exactText(hit.end - hit.start);
    return [name, `${length} (${durationText(hit.end - hit.start)})`, `at ${exactText(hit.start)}`];
  }

  engineWords(hit, device) {
    const engines = this.manifest.engines[device];
    const names = engines.filter((_, i) => (hit.name >> i) & 1).join(" + ");
    if (!hit.merged) return [names || "idle", exactText(hit.end - hit.start), `at ${exactText(hit.start)}`];
    const words = `${exactText(hit.total)} in these ${exactText(hit.width)}`;
    return [`mostly ${names}`, words, "zoom in to see each"];
  }

  click(at) {
    const line = this.lineAt(at);
    if (line && at.x < GUTTER) {
      if (this.scene.toggle(line)) this.grow();
      if (line.kind === "lane") this.line = line;
      return this.moved();
    }
    const hit = this.hit(at);
    if (!hit) return this.escape();
    this.line = hit.line;
    if (hit.merged) {
      this.view.set(hit.start - hit.width, hit.start + 2 * hit.width);
      return this.moved();
    }
    if (hit.line.lane.table === "engines") return this.measure(hit.start, hit.end);
    this.choose(hit);
  }

  /** Select a bar by its track and place: its details, its neighbours, its arrows. */
  async choose({ track, place }, reveal = false) {
    if (track < 0) return;
    const asked = (this.asking = {});
    try {
      const item = await this.source.json("details", { track, place });
      if (this.asking !== asked) return;
      this.item = item;
      this.panel.item(item, (link) => this.choose(link, true));
      this.panel.say(`${item.title}, ${durationText(item.end - item.start)}`);
      if (reveal) this.reveal(item);
      this.moved();
    } catch (error) {
      this.panel.state.textContent = error.message;
    }
  }

  /** Bring a bar into view, and close enough to be seen. */
  reveal(item) {
    const { view } = this;
    const length = Math.max(item.end - item.start, 1);
    if (length < view.length / 400 || length > view.length) {
      view.set(item.start - 4 * length, item.end + 4 * length);
    } else if (item.start < view.start || item.end > view.end) {
      const by = (item.start + item.end) / 2 - (view.start + view.end) / 2;
      view.set(view.start + by, view.end + by);
    }
    const line = this.scene.lanes().find((l) => l.rows.some((row) => row.tracks.includes(item.track)));
    if (line) this.toLine(line);
  }

  escape() {
    this.item = this.span = null;
    this.asking = {};
    this.panel.show();
    this.moved();
  }

  enter(at) {
    if (at && at.x < GUTTER) return;
    if (this.item) {
      const margin = Math.max((this.item.end - this.item.start) * 0.2, 4);
      this.view.set(this.item.start - margin, this.item.end + margin);
    } else if (this.line && this.scene.toggle(this.line)) this.grow();
    this.moved();
  }

  /** The previous or next bar of the selected one's row; without one, move. */
  step(by) {
    if (!this.item) {
      this.view.pan(by * 0.2);
      return this.moved();
    }
    const place = this.item.place + by;
    if (place >= 0 && place <= this.item.last) this.choose({ track: this.item.track, place }, true);
  }

  climb(by) {
    const lines = this.scene.lanes();
    const now = lines.findIndex((line) => line.key === this.line?.key);
    const line = lines[Math.min(Math.max(now + by, 0), lines.length - 1)];
    if (!line) return;
    this.toLine(line);
    this.panel.say(line.lane.label);
    this.moved();
  }

  toLine(line) {
    this.line = line;
    const room = this.stage.clientHeight - RULER;
    if (line.y < this.top) this.top = line.y;
    if (line.y + line.height > this.top + room) this.top = line.y + line.height - room;
  }

  /** Mark the selected bar's start, or what the pointer is at; or take that mark away. */
  mark() {
    const near = this.view.length / 200;
    const middle = (this.view.start + this.view.end) / 2;
    const time = Math.round(this.item?.start ?? this.pointed ?? middle);
    const there = this.marks.findIndex((mark) => Math.abs(mark - time) < near);
    if (there >= 0) this.marks.splice(there, 1);
    else this.marks.push(time);
    this.marks.sort((a, b) => a - b);
    this.panel.say(there >= 0 ? "mark taken away" : `mark at ${exactText(time)}`);
    this.moved();
  }

  // ---- searching

  search() {
    this.panel.query.focus();
    this.panel.query.select();
  }

  async find(text, back = false) {
    if (!text) return this.panel.hits("");
    const nowhere = { start: Math.floor(this.view.start), track: -1, place: -1 };
    const { start, track, place } = this.item ?? nowhere;
    try {
      const query = { text, start, track, place, ...(back && { back: "yes" }) };
      const { count, at } = await this.source.json("search", query);
      this.panel.hits(count === 1 ? "1 hit" : `${countText(count)} hits`);
      if (at) await this.choose(at, true);
    } catch (error) {
      this.panel.hits(error.message);
    }
  }

  // ---- measuring a span

  selecting(x, other) {
    const times = [x, other].map((px) => this.timeAt(Math.max(px, GUTTER))).sort((a, b) => a - b);
    this.measure(Math.floor(times[0]), Math.ceil(times[1]));
  }

  selected() {
    this.moved();
  }

  /** Measure `[start, end)`; during a drag one question at a time, and the last one at the end. */
  async measure(start, end) {
    this.span = { start, end };
    this.draw();
    if (this.measuring) return;
    this.measuring = true;
    const asked = this.span;
    try {
      const found = await this.source.json("measures", asked);
      if (this.span) this.panel.measures(asked, found);
    } catch (error) {
      this.panel.state.textContent = error.message;
    } finally {
      this.measuring = false;
    }
    if (this.span && this.span !== asked) this.measure(this.span.start, this.span.end);
  }

  help() {
    this.panel.help.showModal();
  }

  // ---- the address

  /** `view` counts from the first activity, as `--window` does; `start` and `end` are trace time. */
  fromAddress() {
    const query = new URLSearchParams(location.search);
    const found = /^(-?\d+)ns:(-?\d+)ns$/.exec(query.get("view") ?? "");
    const given = [query.get("start"), query.get("end")].map((text) => /^-?\d+$/.test(text) && BigInt(text));
    const origin = BigInt(this.manifest.origin);
    let span = found && [Number(found[1]), Number(found[2])];
    if (!span && given[0] !== false && given[1] !== false) span = given.map((time) => Number(time - origin));
    if (span && span[1] > span[0]) this.view.set(span[0], span[1]);
    const numbers = (name, pattern) => (pattern.exec(query.get(name) ?? "") ?? []).slice(1).map(Number);
    const [track, place] = numbers("bar", /^(\d+)\.(\d+)$/);
    if (place >= 0) this.linked = { track, place };
    this.marks = (query.get("marks") ?? "").split(",").filter((t) => /^-?\d+$/.test(t)).map(Number);
    const [from, to] = numbers("span", /^(-?\d+)ns:(-?\d+)ns$/);
    if (to > from) this.measure(from, to);
  }

  toAddress() {
    if (!this.wasTouched) return; // what was asked for stays as it was written
    const address = new URL(location.href);
    for (const name of ["start", "end"]) address.searchParams.delete(name);
    address.searchParams.set("view", `${Math.floor(this.view.start)}ns:${Math.ceil(this.view.end)}ns`);
    const { item, marks, span } = this;
    const said = {
      bar: item && `${item.track}.${item.place}`,
      marks: marks.join(","),
      span: span && `${span.start}ns:${span.end}ns`,
    };
    for (const [name, value] of Object.entries(said)) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }
}

const LIVING = new WeakMap();

export default function (component) {
  const { parentElement, data } = component;
  const living = LIVING.get(parentElement);
  if (living) living.update(data);
  else LIVING.set(parentElement, new Timeline(parentElement, data));
  return () => {
    LIVING.get(parentElement)?.end();
    LIVING.delete(parentElement);
  };
}
