// What lies where: headings, lanes and their rows, folded or not; and the span of time in view.

const HEADING = 24;
const GAP = 3;
const RULER = 26;
const GUTTER = 168;

class Scene {
  constructor(manifest) {
    this.manifest = manifest;
    this.unfolded = new Set();
    this.folded = new Set();
    this.lazy = false; // whether lanes are shown that have to be computed
    this.layOut();
  }

  /** Lines from top to bottom: {kind, y, height, lane, depth, rows: [{row, y, height}]}. */
  layOut() {
    this.lines = [];
    let y = 0;
    for (const group of this.manifest.groups) {
      this.lines.push({ kind: "heading", key: group.label, label: group.label, y, height: HEADING });
      y += HEADING;
      if (this.folded.has(group.label)) continue;
      for (const lane of group.lanes) {
        if (this.lazy || !lane.lazy) y = this.place(lane, 0, y);
      }
    }
    this.height = y;
  }

  place(lane, depth, top) {
    const strip = lane.table === "engines" || lane.table === "idle";
    const count = Math.max(lane.rows.length, 1);
    const each = strip ? 14 : Math.max(4, Math.min(20, Math.round(44 / count)));
    const rows = lane.rows.map((row, i) => ({ ...row, y: top + i * each, height: each - (each > 6) }));
    const height = Math.max(count * each, strip ? 14 : 20);
    this.lines.push({ kind: "lane", key: lane.key, lane, depth, y: top, height, rows });
    let y = top + height + GAP;
    if (this.unfolded.has(lane.key)) {
      for (const part of lane.parts) y = this.place(part, depth + 1, y);
    }
    return y;
  }

  toggle(line) {
    const set = line.kind === "heading" ? this.folded : this.unfolded;
    if (line.kind === "lane" && !line.lane.parts.length) return false;
    if (!set.delete(line.key)) set.add(line.key);
    this.layOut();
    return true;
  }

  /** Unfold lanes and fold groups, by their keys; unknown ones are left out. */
  open(unfolded, folded) {
    const known = (lanes) => lanes.flatMap((lane) => [lane.key, ...known(lane.parts)]);
    const keys = new Set(this.manifest.groups.flatMap((group) => known(group.lanes)));
    const labels = new Set(this.manifest.groups.map((group) => group.label));
    this.unfolded = new Set(unfolded.filter((key) => keys.has(key)));
    this.folded = new Set(folded.filter((label) => labels.has(label)));
    this.layOut();
  }

  at(y) {
    return this.lines.find((line) => y >= line.y && y < line.y + line.height);
  }

  between(top, bottom) {
    return this.lines.filter((line) => line.y + line.height > top && line.y < bottom);
  }

  lanes() {
    return this.lines.filter((line) => line.kind === "lane");
  }
}

/** The span in view, in ns after the first activity; may have fractions of a ns. */
class View {
  constructor(first, last) {
    this.first = first;
    this.last = last;
    this.fit();
  }

  fit() {
    const margin = (this.last - this.first) * 0.01;
    this.set(this.first - margin, this.last + margin);
  }

  /** Keep it within reach: at least 4 ns long, at most twice the trace, never away from it. */
  set(start, end) {
    const whole = this.last - this.first;
    const length = Math.min(Math.max(end - start, 4), 2 * whole + 8);
    const middle = (start + end) / 2;
    const centre = Math.min(Math.max(middle, this.first), this.last);
    this.start = centre - length / 2;
    this.end = centre + length / 2;
  }

  get length() {
    return this.end - this.start;
  }

  pan(part) {
    const by = part * this.length;
    this.set(this.start + by, this.end + by);
  }

  zoom(factor, at = (this.start + this.end) / 2) {
    const limit = 4 / this.length;
    const by = Math.max(factor, limit);
    this.set(at - (at - this.start) * by, at + (this.end - at) * by);
  }
}
