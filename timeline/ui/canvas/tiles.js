// Tiles from the server, and those kept of them: what is drawn before the exact ones arrive.

const MOST_KEPT_BYTES = 48e6;
const MOST_AT_ONCE = 4;
const MOST_ROWS_ASKED = 64;

class Source {
  constructor(place, token) {
    this.place = place;
    this.token = token;
  }

  async ask(what, query = {}) {
    const answer = await fetch(`${this.place}/${what}?${new URLSearchParams(query)}`, {
      headers: { "X-Timeline-Token": this.token },
    });
    if (answer.ok) return answer;
    const told = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
    throw new Error(told.error);
  }

  async json(what, query) {
    return (await this.ask(what, query)).json();
  }

  async blob(what, query) {
    return (await this.ask(what, query)).blob();
  }
}

/** The rows of a tile as typed arrays; the layout is told in timeline/tiles/encode.py. */
function decodedRows(buffer) {
  const head = new Uint32Array(buffer, 0, 2 + 4 * new Uint32Array(buffer, 0, 1)[0]);
  const rows = [];
  for (let i = 0; i < head[0]; i++) {
    const [bars, merged, wide, offset] = head.subarray(2 + 4 * i, 6 + 4 * i);
    let at = offset;
    const take = (Kind, count) => {
      const found = new Kind(buffer, at, count);
      at += found.byteLength;
      return found;
    };
    const row = { start: take(Float64Array, bars), length: take(Float64Array, bars) };
    if (wide) row.total = take(Float64Array, merged);
    row.place = take(Uint32Array, bars);
    row.name = take(Int32Array, bars);
    row.count = take(Uint32Array, merged);
    if (!wide) row.total = take(Uint32Array, merged);
    row.longest = take(Int32Array, merged);
    row.track = take(Uint16Array, bars);
    row.bucket = take(Uint16Array, merged);
    row.bytes = at - offset;
    rows.push(row);
  }
  return rows;
}

class Tiles {
  constructor(source, buckets, changed, failed) {
    Object.assign(this, { source, buckets, changed, failed });
    this.kept = new Map();
    this.bytes = 0;
    this.wanted = [];
    this.asked = new Set();
    this.running = 0;
    this.ended = false;
    this.log = []; // of the newest answers: ms on the way and bytes, for measuring
  }

  spanOf(level) {
    return this.buckets * 2 ** level;
  }

  get(row, level, index) {
    const key = `${row}/${level}/${index}`;
    const found = this.kept.get(key);
    if (found) {
      this.kept.delete(key);
      this.kept.set(key, found);
    }
    return found;
  }

  /** Tiles to draw for one that isn't there yet: finer ones if they are whole, else a coarser. */
  nearest(row, level, index, highest) {
    const finer = level > 0 ? [0, 1].map((i) => this.get(row, level - 1, 2 * index + i)) : [];
    if (finer.length && finer.every(Boolean)) return finer;
    for (let up = 1; level + up <= highest; up++) {
      const found = this.get(row, level + up, Math.floor(index / 2 ** up));
      if (found) return [found];
    }
    return finer.filter(Boolean);
  }

  /** Replace what is wanted: tiles in order of importance, each with its rows that are missing. */
  want(wanted) {
    this.wanted = wanted;
    this.pump();
  }

  pump() {
    while (this.running < MOST_AT_ONCE && this.wanted.length && !this.ended) {
      const { level, index, rows } = this.wanted[0];
      const asked = rows.filter((row) => !this.asked.has(`${row}/${level}/${index}`));
      const part = asked.slice(0, MOST_ROWS_ASKED);
      if (part.length === asked.length) this.wanted.shift();
      if (part.length) this.load(level, index, part);
    }
  }

  async load(level, index, rows) {
    const keys = rows.map((row) => `${row}/${level}/${index}`);
    keys.forEach((key) => this.asked.add(key));
    this.running++;
    const begun = performance.now();
    try {
      const answer = await this.source.ask("tile", { level, index, rows: rows.join() });
      const buffer = await answer.arrayBuffer();
      const found = decodedRows(buffer);
      this.log.push({ ms: performance.now() - begun, bytes: buffer.byteLength });
      if (this.log.length > 1000) this.log.shift();
      found.forEach((tile, i) => this.keep(keys[i], Object.assign(tile, { level, index })));
      if (found.length < rows.length) {
        // The rest did not fit into one answer.
        this.wanted.unshift({ level, index, rows: rows.slice(found.length) });
      }
    } catch (error) {
      if (!this.ended) this.failed(error.message);
    } finally {
      keys.forEach((key) => this.asked.delete(key));
      this.running--;
      if (!this.ended) {
        this.pump();
        this.changed();
      }
    }
  }

  keep(key, tile) {
    this.kept.set(key, tile);
    this.bytes += tile.bytes + 200;
    for (const [oldest, held] of this.kept) {
      if (this.bytes <= MOST_KEPT_BYTES) break;
      this.kept.delete(oldest);
      this.bytes -= held.bytes + 200;
    }
  }
}

/** Names by table and code, fetched when a bar is wide enough to show them. */
class Names {
  constructor(source, changed) {
    Object.assign(this, { source, changed });
    this.known = new Map();
    this.missing = new Map();
    this.timer = 0;
  }

  /** [short, whole], or undefined while it is on its way. */
  get(table, code) {
    const key = `${table}/${code}`;
    const found = this.known.get(key);
    if (found || code < 0) return found ?? ["", ""];
    if (!this.missing.has(table)) this.missing.set(table, new Set());
    this.missing.get(table).add(code);
    this.timer ||= setTimeout(() => this.load(), 15);
    return undefined;
  }

  async load() {
    this.timer = 0;
    const missing = this.missing;
    this.missing = new Map();
    for (const [table, set] of missing) {
      const codes = [...set].filter((code) => !this.known.has(`${table}/${code}`)).slice(0, 400);
      if (!codes.length) continue;
      const found = await this.source.json("names", { table, codes: codes.join() });
      codes.forEach((code, i) => this.known.set(`${table}/${code}`, found[i]));
    }
    this.changed();
  }
}
