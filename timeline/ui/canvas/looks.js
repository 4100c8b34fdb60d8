// What colour a bar has, by its lane and its name, in the theme in use.

const RISING = [-1, 0, 1].map((shift) => [shift, 1, shift + 1, 0]);
const FALLING = [-1, 0, 1].map((shift) => [shift, 0, shift + 1, 1]);
const [ACROSS, DOWN] = [[0, 0.5, 1, 0.5], [0.5, 0, 0.5, 1]];
const STROKES = {
  "/": RISING,
  "\\": FALLING,
  x: [...RISING, ...FALLING],
  "-": [ACROSS],
  "|": [DOWN],
  "+": [ACROSS, DOWN],
};
/** Lines of Plotly's pattern shapes, in parts of a tile: [x0, y0, x1, y1]. */

class Looks {
  constructor(manifest, context) {
    Object.assign(this, { manifest, context });
    this.shades = new Map(manifest.shades);
    this.blocked = new Set(manifest.blocked);
    this.role = Object.fromEntries(manifest.roles.map((role, code) => [role.key, code]));
    this.hatches = new Map();
  }

  use(theme, ratio) {
    if (this.theme !== theme || this.ratio !== ratio) this.hatches.clear();
    Object.assign(this, { theme, ratio, colours: this.manifest.themes[theme] });
  }

  /** Code of the role of a bar, by its lane and its name's code; causes of idle time follow the roles. */
  roleOf(lane, row, name) {
    if (lane.table === "activities" && this.manifest.roles[lane.look].key.startsWith("sm")) {
      return this.shades.get(name) ?? lane.look;
    }
    if (lane.table === "stamps") return this.manifest.stamps[name] ?? lane.look;
    if (lane.table === "calls") return this.blocked.has(name) ? this.role.blocked : lane.look;
    if (lane.table === "idle") return this.manifest.roles.length + name;
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
    if (!role) return this.cause(code - this.manifest.roles.length);
    if (!role.hatched) return role.fill[this.theme];
    if (!this.hatches.has(code)) this.hatches.set(code, this.hatch(role.fill[this.theme]));
    return this.hatches.get(code);
  }

  /** Of idle time of a cause: a pattern, as on every page. */
  cause(code) {
    const { role, pattern } = this.manifest.idle[this.manifest.causes[code]];
    const colour = this.manifest.roles[role].fill[this.theme];
    if (!pattern) return colour;
    const key = `${colour}${pattern}`;
    if (!this.hatches.has(key)) this.hatches.set(key, this.hatch(colour, pattern));
    return this.hatches.get(key);
  }

  hatch(colour, shape = "/") {
    const size = Math.round(6 * this.ratio);
    const tile = document.createElement("canvas");
    Object.assign(tile, { width: size, height: size });
    const context = tile.getContext("2d");
    context.fillStyle = this.colours.band;
    context.fillRect(0, 0, size, size);
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.4 * this.ratio;
    for (const [x0, y0, x1, y1] of STROKES[shape] ?? []) {
      context.beginPath();
      context.moveTo(x0 * size, y0 * size);
      context.lineTo(x1 * size, y1 * size);
      context.stroke();
    }
    if (shape === ".") context.fillRect(size / 3, size / 3, size / 3, size / 3);
    return this.context.createPattern(tile, "repeat");
  }

  /** Colour of words on a bar of this role. */
  ink(code) {
    return this.manifest.roles[code]?.ink[this.theme] ?? this.colours.ink;
  }

  /** Whether words on it need a plate behind them. */
  patterned(code) {
    return this.manifest.roles[code]?.hatched ?? true;
  }
}

function bitCount(set) {
  let count = 0;
  for (let rest = set; rest; rest &= rest - 1) count++;
  return count;
}
