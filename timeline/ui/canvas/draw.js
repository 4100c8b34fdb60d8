// Drawing: the bars and labels of one frame, in device pixels, from the tiles there are.

const LABEL_ROOM = 26;
const DIM = 0.25; // of what isn't what was searched
const NAMED = new Set(["activities", "calls", "ranges", "stamps"]);

class Painter {
  constructor(canvas, manifest) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.manifest = manifest;
    this.looks = new Looks(manifest, this.context);
    this.over = new Overlay(this);
  }

  /** Take on the stage's size and the page's theme; returns whether colours changed. */
  resize(width, height, theme) {
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      Object.assign(this.canvas, { width: wide, height: high });
    }
    Object.assign(this, { ratio, width: wide, height: high, gutter: GUTTER * ratio });
    const turned = this.looks.theme !== theme || this.looks.ratio !== ratio;
    this.looks.use(theme, ratio);
    this.colours = this.looks.colours;
    return turned;
  }

  get room() {
    return this.width - this.gutter;
  }

  x(time) {
    return this.gutter + (time - this.view.start) * this.scale;
  }

  /** Draw a frame; `state` has scene, view, tiles, names, top, and what is marked. */
  paint(state) {
    this.view = state.view;
    this.scale = this.room / state.view.length;
    this.labels = [];
    const { context, colours } = this;
    context.fillStyle = colours.paper;
    context.fillRect(0, 0, this.width, this.height);
    this.grid(state);
    const lines = state.scene.between(state.top, state.top + this.height / this.ratio - RULER);
    context.save();
    context.beginPath();
    context.rect(0, RULER * this.ratio, this.width, this.height);
    context.clip();
    for (const line of lines) this.line(line, state);
    context.restore();
    this.ruler(state);
    return lines;
  }

  y(place, state) {
    return Math.round((place - state.top + RULER) * this.ratio);
  }

  grid(state) {
    const { context, colours } = this;
    this.ticks = ticksOf(state.view.start, state.view.end, Math.max(this.room / this.ratio / 110, 2));
    context.fillStyle = colours.grid;
    for (const time of this.ticks.times) {
      context.fillRect(Math.round(this.x(time)), RULER * this.ratio, 1, this.height);
    }
  }

  ruler(state) {
    const { context, colours, ratio } = this;
    context.fillStyle = colours.band;
    context.fillRect(0, 0, this.width, RULER * ratio);
    context.fillStyle = colours.muted;
    context.font = `${11 * ratio}px ${this.font}`;
    context.textBaseline = "middle";
    context.textAlign = "center";
    for (const time of this.ticks.times) {
      const x = this.x(time);
      if (x < this.gutter + 24 * ratio || x > this.width - 30 * ratio) continue;
      context.fillText(tickText(time, this.ticks.step), x, (RULER / 2) * ratio);
    }
    context.textAlign = "left";
    context.fillText(durationText(state.view.length), 10 * ratio, (RULER / 2) * ratio);
    context.fillStyle = colours.grid;
    context.fillRect(0, RULER * ratio - 1, this.width, 1);
  }

  line(line, state) {
    const { context, colours, ratio } = this;
    const y = this.y(line.y, state);
    if (line.kind === "heading") {
      const mark = state.scene.folded.has(line.key) ? "▸" : "▾";
      this.words(`${mark} ${line.label}`, 8, y + (HEADING / 2) * ratio, this.width / ratio - 16, true);
      return;
    }
    if (line.lane.lazy && !state.causes.ready) {
      this.words(state.causes.said, GUTTER + 8, y + (line.height / 2) * ratio, this.room / ratio, false);
    } else this.bars(line, state);
    this.overlaps(line, state);
    context.fillStyle = colours.paper;
    context.fillRect(0, y, this.gutter, line.height * ratio);
    if (line.key === state.lane) {
      context.fillStyle = colours.ink;
      context.fillRect(0, y, 3 * ratio, line.height * ratio);
    }
    const mark = line.lane.parts.length ? (state.scene.unfolded.has(line.key) ? "▾ " : "▸ ") : "";
    const left = 14 + 14 * line.depth;
    const middle = y + Math.min(line.height, 20) * 0.5 * ratio;
    this.words(mark + line.lane.label, left, middle, GUTTER - left - 6, false);
  }

  words(words, left, middle, room, strong) {
    const { context, colours, ratio } = this;
    context.font = `${strong ? 600 : 400} ${12 * ratio}px ${this.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillStyle = strong ? colours.ink : colours.muted;
    context.fillText(fitted(context, words, room * ratio), left * ratio, middle);
  }

  bars(line, state) {
    const { level, first, last } = state.exact;
    for (const row of line.rows) {
      const y = this.y(row.y, state);
      const height = Math.max(Math.round(row.height * this.ratio), 2);
      for (let index = first; index <= last; index++) {
        const tile = state.tiles.get(row.row, level, index);
        if (tile) {
          this.tile(line.lane, row, tile, y, height, state);
          continue;
        }
        const span = state.tiles.spanOf(level);
        this.context.save();
        this.context.beginPath();
        this.context.rect(this.x(index * span), 0, span * this.scale, this.height);
        this.context.clip();
        for (const other of state.tiles.nearest(row.row, level, index, state.highest)) {
          this.tile(line.lane, row, other, y, height, state);
        }
        this.context.restore();
      }
    }
  }

  /** Shade where a stream overlaps itself: a dependent launch that began before the last one's end. */
  overlaps(line, state) {
    const { level, first, last } = state.exact;
    for (const tracks of line.lane.streams) {
      const bars = [];
      for (const row of line.rows.filter((one) => one.tracks.some((track) => tracks.includes(track)))) {
        for (let index = first; index <= last; index++) {
          const tile = state.tiles.get(row.row, level, index);
          for (let i = 0; i < (tile?.start.length ?? 0); i++) {
            if (tracks.includes(row.tracks[tile.track[i]])) bars.push([tile.start[i], tile.start[i] + tile.length[i]]);
          }
        }
      }
      bars.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      let reach = -Infinity;
      let before = -Infinity;
      for (const [start, end] of bars) {
        if (start === before && end === reach) continue; // the same bar, from the next tile
        if (start < reach) this.overlap(line, start, Math.min(end, reach), state);
        reach = Math.max(reach, end);
        before = start;
      }
    }
  }

  overlap(line, start, end, state) {
    const { context, ratio } = this;
    const left = Math.max(this.x(start), this.gutter);
    const width = Math.min(this.x(end), this.width) - left;
    if (width < 1) return;
    const y = this.y(line.y, state);
    context.fillStyle = this.looks.fill(this.looks.role.pdl);
    context.globalAlpha = 0.45;
    context.fillRect(left, y, width, line.height * ratio);
    context.globalAlpha = 1;
    context.fillRect(left, y, width, 3 * ratio);
  }

  tile(lane, row, tile, y, height, state) {
    const engines = lane.table === "engines" ? this.manifest.engines[row.device].length : 0;
    const searched = state.search.found && NAMED.has(lane.table);
    this.merged(lane, row, tile, y, height, engines, searched && state.hits);
    const { context, scale, gutter, width } = this;
    const from = this.view.start;
    const least = Math.max(1, Math.round(this.ratio));
    let filled = -1;
    const room = LABEL_ROOM * this.ratio;
    for (let i = 0; i < tile.start.length; i++) {
      const x0 = gutter + (tile.start[i] - from) * scale;
      const x1 = x0 + tile.length[i] * scale;
      if (x0 > width) break;
      if (x1 < gutter - 1) continue;
      const role = this.looks.roleOf(lane, row, tile.name[i]);
      if (role !== filled) context.fillStyle = this.looks.fill((filled = role));
      const left = Math.max(Math.round(x0), gutter - 2);
      const right = Math.min(Math.max(Math.round(x1), left + least), width + 2);
      const gap = right - left > 4 * least && tile.length[i] * scale < width ? 1 : 0;
      let [top, high] = [y, height];
      if (engines) {
        const share = lane.look === this.looks.role.busy ? bitCount(tile.name[i]) / engines : 1;
        high = Math.max(Math.round(height * share), 1);
        top = y + height - high;
      }
      const dim = searched && !state.search.matches(lane.table, tile.name[i]);
      if (dim) context.globalAlpha = DIM;
      context.fillRect(left, top, right - left - gap, high);
      context.globalAlpha = 1;
      if (!engines && right - left > room && height > 9 * this.ratio) {
        this.label(lane, tile.name[i], role, left, right - gap, y, height, state);
        filled = -1;
      }
    }
  }

  merged(lane, row, tile, y, height, engines, hits) {
    const { context, scale, gutter, width } = this;
    const found = hits && hits.get(row.row, tile.level, tile.index);
    const bucket = 2 ** tile.level;
    const start = tile.index * this.manifest.buckets * bucket - this.view.start;
    const least = lane.table === "idle" ? 1 : 2;
    const most = bucket * (lane.look === this.looks.role.busy ? Math.max(engines, 1) : 1);
    let [filled, floor] = [-1, y + height];
    for (let i = 0; i < tile.bucket.length; i++) {
      if (tile.bucket[i] !== tile.bucket[i - 1]) floor = y + height;
      const x = gutter + (start + tile.bucket[i] * bucket) * scale;
      if (x > width) break;
      const left = Math.round(x);
      const right = Math.max(Math.round(x + bucket * scale), left + 1);
      if (right < gutter) continue;
      const role = this.looks.roleOf(lane, row, tile.longest[i]);
      if (role !== filled) context.fillStyle = this.looks.fill((filled = role));
      const share = Math.min(tile.total[i] / most, 1);
      const high = Math.max(Math.round(height * share), least);
      floor = Math.max(floor - high, y); // causes of one bucket stand on each other
      if (found && !found.has(tile.bucket[i])) context.globalAlpha = DIM;
      context.fillRect(left, floor, right - left, high);
      context.globalAlpha = 1;
    }
  }

  label(lane, name, role, left, right, y, height, state) {
    const known = lane.table === "idle" ? [causeWords(name, this.manifest)] : state.names.get(lane.table, name);
    if (!known) return;
    const { context, ratio } = this;
    const pad = 4 * ratio;
    const from = Math.max(left, this.gutter) + pad;
    context.font = `${11 * ratio}px ${this.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    const shown = fitted(context, known[0], right - from - pad);
    if (!shown) return;
    if (this.looks.patterned(role)) {
      context.fillStyle = this.colours.paper;
      context.fillRect(from - pad / 2, y + ratio, context.measureText(shown).width + pad, height - 2 * ratio);
    }
    context.fillStyle = this.looks.ink(role);
    context.fillText(shown, from, y + height / 2 + ratio * 0.5);
  }
}
