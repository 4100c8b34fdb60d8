// Drawing: everything of one frame, in device pixels, from the tiles there are.

const LABEL_ROOM = 26;

class Painter {
  constructor(canvas, manifest) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.shades = new Map(manifest.shades);
    this.blocked = new Set(manifest.blocked);
    this.manifest = manifest;
    this.role = Object.fromEntries(manifest.roles.map((role, code) => [role.key, code]));
    this.hatches = new Map();
  }

  resize(width, height, theme) {
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      Object.assign(this.canvas, { width: wide, height: high });
    }
    Object.assign(this, { ratio, width: wide, height: high, gutter: GUTTER * ratio });
    if (this.theme !== theme) this.hatches.clear();
    this.theme = theme;
    this.colours = this.manifest.themes[theme];
  }

  get room() {
    return this.width - this.gutter;
  }

  /** Code of the role of a bar, by its lane and its name's code. */
  roleOf(lane, row, name) {
    if (lane.table === "activities" && this.manifest.roles[lane.look].key.startsWith("sm")) {
      return this.shades.get(name) ?? lane.look;
    }
    if (lane.table === "stamps") return this.manifest.stamps[name] ?? lane.look;
    if (lane.table === "calls") return this.blocked.has(name) ? this.role.blocked : lane.look;
    if (lane.table === "engines" && lane.look === this.role.overlap) {
      return this.copies(row.device, name) > 1 ? this.role.overlap3 : lane.look;
    }
    return lane.look;
  }

  copies(device, set) {
    const engines = this.manifest.engines[device];
    return engines.filter((name, i) => (set >> i) & 1 && ["H2D", "D2H", "P2P"].includes(name)).length;
  }

  fill(code) {
    const role = this.manifest.roles[code];
    if (!role.hatched) return role.fill[this.theme];
    if (!this.hatches.has(code)) this.hatches.set(code, this.hatch(role.fill[this.theme]));
    return this.hatches.get(code);
  }

  hatch(colour) {
    const size = Math.round(6 * this.ratio);
    const tile = document.createElement("canvas");
    Object.assign(tile, { width: size, height: size });
    const context = tile.getContext("2d");
    context.fillStyle = this.colours.band;
    context.fillRect(0, 0, size, size);
    context.strokeStyle = colour;
    context.lineWidth = 1.4 * this.ratio;
    for (const shift of [-size, 0, size]) {
      context.beginPath();
      context.moveTo(shift, size);
      context.lineTo(shift + size, 0);
      context.stroke();
    }
    return this.context.createPattern(tile, "repeat");
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
    context.font = `${11 * ratio}px ${state.font}`;
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
    this.bars(line, state);
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
    context.fillStyle = this.fill(this.role.pdl);
    context.globalAlpha = 0.45;
    context.fillRect(left, y, width, line.height * ratio);
    context.globalAlpha = 1;
    context.fillRect(left, y, width, 3 * ratio);
  }

  tile(lane, row, tile, y, height, state) {
    const engines = lane.table === "engines" ? this.manifest.engines[row.device].length : 0;
    this.merged(lane, row, tile, y, height, engines);
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
      const role = this.roleOf(lane, row, tile.name[i]);
      if (role !== filled) context.fillStyle = this.fill((filled = role));
      const left = Math.max(Math.round(x0), gutter - 2);
      const right = Math.min(Math.max(Math.round(x1), left + least), width + 2);
      const gap = right - left > 4 * least && tile.length[i] * scale < width ? 1 : 0;
      let [top, high] = [y, height];
      if (engines) {
        const share = lane.look === this.role.busy ? bitCount(tile.name[i]) / engines : 1;
        high = Math.max(Math.round(height * share), 1);
        top = y + height - high;
      }
      context.fillRect(left, top, right - left - gap, high);
      if (!engines && right - left > room && height > 9 * this.ratio) {
        this.label(lane, tile.name[i], role, left, right - gap, y, height, state);
        filled = -1;
      }
    }
  }

  merged(lane, row, tile, y, height, engines) {
    const { context, scale, gutter, width } = this;
    const bucket = 2 ** tile.level;
    const start = tile.index * this.manifest.buckets * bucket - this.view.start;
    const most = bucket * (lane.look === this.role.busy ? Math.max(engines, 1) : 1);
    let filled = -1;
    for (let i = 0; i < tile.bucket.length; i++) {
      const x = gutter + (start + tile.bucket[i] * bucket) * scale;
      if (x > width) break;
      const left = Math.round(x);
      const right = Math.max(Math.round(x + bucket * scale), left + 1);
      if (right < gutter) continue;
      const role = this.roleOf(lane, row, tile.longest[i]);
      if (role !== filled) context.fillStyle = this.fill((filled = role));
      const share = Math.min(tile.total[i] / most, 1);
      const high = Math.max(Math.round(height * share), 2);
      context.fillRect(left, y + height - high, right - left, high);
    }
  }

  /** What lies over the bars: the measured span, marks, the selected bar and its arrows. */
  overlay({ item, place, marks, span }) {
    const { context, colours, ratio } = this;
    context.save();
    context.beginPath();
    context.rect(this.gutter, 0, this.room, this.height);
    context.clip();
    if (span) this.shade(span);
    for (const [i, time] of marks.entries()) this.markLine(time, marks[i - 1]);
    const at = item && place(item);
    for (const link of item?.links ?? []) this.arrow(item, link, place);
    if (at) {
      const width = Math.max((item.end - item.start) * this.scale, 3 * ratio);
      context.strokeStyle = colours.ink;
      context.lineWidth = 2 * ratio;
      context.strokeRect(this.x(item.start) - ratio, (at.y - 1) * ratio, width + 2 * ratio, (at.height + 2) * ratio);
    }
    context.restore();
  }

  shade({ start, end }) {
    const { context, colours, ratio } = this;
    const [left, right] = [this.x(start), this.x(end)];
    context.globalAlpha = 0.12;
    context.fillStyle = colours.ink;
    context.fillRect(left, 0, Math.max(right - left, 1), this.height);
    context.globalAlpha = 1;
    for (const x of [left, right]) context.fillRect(Math.round(x), 0, ratio, this.height);
  }

  markLine(time, before) {
    const { context, colours, ratio } = this;
    const x = this.x(time);
    context.fillStyle = colours.ink;
    context.fillRect(Math.round(x), 0, Math.max(ratio, 1), this.height);
    context.font = `${11 * ratio}px ${this.font}`;
    context.textBaseline = "bottom";
    const words = before === undefined ? durationText(time) : `+${durationText(time - before)}`;
    context.fillText(words, x + 4 * ratio, this.height - 4 * ratio);
  }

  /** From what came first to what came of it; only between bars whose lanes are in view. */
  arrow(item, link, place) {
    const forward = ["issues", "was waited for by"].includes(link.kind);
    if (!forward && !["issued by", "waited for"].includes(link.kind)) return;
    const [from, to] = forward ? [item, link] : [link, item];
    const [a, b] = [place(from), place(to)];
    if (!a || !b) return;
    const { context, colours, ratio } = this;
    const issued = link.kind.startsWith("issue");
    const [x0, x1] = [this.x(issued ? from.start : from.end), this.x(to.start)];
    const [y0, y1] = [a, b].map(({ y, height }) => (y + height / 2) * ratio);
    context.strokeStyle = context.fillStyle = colours.ink;
    context.lineWidth = 1.5 * ratio;
    context.setLineDash(issued ? [5 * ratio, 4 * ratio] : []);
    const bend = Math.min(Math.max(Math.abs(x1 - x0) / 2, 16 * ratio), 120 * ratio);
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1 - 4 * ratio, y1);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x1 - 8 * ratio, y1 - 4 * ratio);
    context.lineTo(x1 - 8 * ratio, y1 + 4 * ratio);
    context.fill();
  }

  label(lane, name, role, left, right, y, height, state) {
    const words = state.names.get(lane.table, name);
    if (!words) return;
    const { context, ratio } = this;
    const pad = 4 * ratio;
    const from = Math.max(left, this.gutter) + pad;
    context.font = `${11 * ratio}px ${this.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    const shown = fitted(context, words[0], right - from - pad);
    if (!shown) return;
    context.fillStyle = this.manifest.roles[role].ink[this.theme];
    context.fillText(shown, from, y + height / 2 + ratio * 0.5);
  }
}

function bitCount(set) {
  let count = 0;
  for (let rest = set; rest; rest &= rest - 1) count++;
  return count;
}
