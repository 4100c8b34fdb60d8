// What colour a bar has, by its lane and its name, in the theme in use.

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

  /** Colour of words on a bar of this role. */
  ink(code) {
    return this.manifest.roles[code].ink[this.theme];
  }
}

function bitCount(set) {
  let count = 0;
  for (let rest = set; rest; rest &= rest - 1) count++;
  return count;
}
