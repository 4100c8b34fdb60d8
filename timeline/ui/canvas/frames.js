// Frames: when to draw, which tiles that takes, and whether the picture is exact.

const COARSEST_ASKED = 52;

class Frames {
  constructor(timeline) {
    this.timeline = timeline;
    this.asked = 0;
    this.lines = []; // lanes of the last frame, with what of them is in view
    this.gaps = []; // ms between frames while a key is held, for measuring
  }

  draw() {
    this.asked ||= requestAnimationFrame((now) => this.render(now));
  }

  /** Keep drawing while keys are held. */
  run() {
    this.last = performance.now();
    this.draw();
  }

  end() {
    cancelAnimationFrame(this.asked);
    clearTimeout(this.settled);
  }

  render(now) {
    const { input, view } = this.timeline;
    this.asked = 0;
    const ms = Math.min(now - (this.last ?? now), 100);
    this.last = now;
    if (input.held.size) {
      const [pan, zoom] = input.moved(ms);
      if (pan) view.pan(pan);
      if (zoom) view.zoom(2 ** zoom);
      this.gaps.push(ms);
      this.timeline.touched();
    }
    const begun = performance.now();
    this.paint();
    this.script = performance.now() - begun;
    if (input.held.size) this.draw();
  }

  paint() {
    const { stage, data, painter, panel, tiles, scene, names, causes, search, hits, top, line } = this.timeline;
    const { view } = this.timeline;
    if (stage.getBoundingClientRect().width <= GUTTER) return;
    const theme = data.theme === "dark" ? "dark" : "light";
    const turned = painter.resize(stage.clientWidth, stage.clientHeight, theme);
    painter.font = getComputedStyle(panel.root).fontFamily;
    const level = levelOf(view.length / this.timeline.room);
    const span = tiles.spanOf(level);
    const [first, last] = [view.start, view.end].map((time) => Math.floor(time / span));
    const exact = { level, first, last };
    this.highest ??= level;
    const highest = Math.max(this.highest, level + 12);
    const lines = painter.paint({ scene, view, tiles, names, top, exact, highest, causes, search, hits, lane: line?.key });
    this.exact = exact;
    this.lines = lines.filter((one) => one.kind === "lane");
    this.overlay();
    this.ask();
    if (turned) this.timeline.showLegend();
  }

  overlay() {
    const { painter, item, marks, span, top } = this.timeline;
    const holds = (row, track) => row.tracks.includes(track);
    const place = ({ track }) => {
      const line = this.lines.find((one) => one.rows.some((row) => holds(row, track)));
      const row = line?.rows.find((one) => holds(one, track));
      return row && { y: row.y - top + RULER, height: row.height };
    };
    painter.over.draw({ item, place, marks, span });
  }

  /** Ask for the tiles that are missing in view; say whether the picture is exact. */
  ask() {
    const { tiles, input } = this.timeline;
    const { level, first, last } = this.exact;
    const there = this.lines.filter((line) => !line.lane.lazy || this.timeline.causes.ready);
    const rows = there.flatMap((line) => line.rows.map((row) => row.row));
    const missing = (l, i) => rows.filter((row) => !tiles.get(row, l, i));
    const wanted = [];
    for (let index = first; index <= last; index++) {
      const lacking = missing(level, index);
      if (lacking.length) wanted.push({ level, index, rows: lacking });
    }
    const exact = !wanted.length;
    if (exact && !input.held.size) {
      const above = Math.floor(first / 2);
      for (const index of [first - 1, last + 1]) {
        wanted.push({ level, index, rows: missing(level, index) });
      }
      wanted.push({ level: level + 1, index: above, rows: missing(level + 1, above) });
    }
    tiles.want(wanted.filter((want) => want.rows.length));
    if (exact) this.askHits(there);
    this.settle(exact);
  }

  /** Where the hits of a search are that merged bars hold. */
  askHits(lines) {
    const { tiles, hits, search } = this.timeline;
    if (!search.found) return;
    const { level, first, last } = this.exact;
    const named = lines.filter(({ lane }) => NAMED.has(lane.table));
    for (let index = first; index <= last; index++) {
      const merged = ({ row }) => tiles.get(row, level, index)?.bucket.length;
      const rows = named.flatMap((line) => line.rows.filter(merged).map(({ row }) => row));
      hits.want(level, index, rows.slice(0, MOST_ROWS_ASKED));
    }
  }

  settle(exact) {
    const root = this.timeline.panel.root;
    if (exact && root.dataset.state !== "exact") this.exactSince = performance.now();
    root.dataset.state = exact ? "exact" : "loading";
    if (!exact) return;
    this.unsettle();
    this.settled = setTimeout(() => this.tell(), 250);
  }

  unsettle() {
    clearTimeout(this.settled);
  }

  /** After the view has come to rest: the address, and the picture in words. */
  tell() {
    const { address, inView, spans, view, manifest, panel } = this.timeline;
    address.write();
    panel.tell(view, inView.visible(), manifest);
    spans.rest();
  }
}

/** The finest level whose buckets are no narrower than a pixel. */
function levelOf(perPixel) {
  return Math.min(Math.max(Math.ceil(Math.log2(perPixel)), 0), COARSEST_ASKED);
}
