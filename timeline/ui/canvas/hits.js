// Which merged bars hold hits of a search, and how many: asked of the server, tile by tile.

class Hits {
  constructor(source, changed) {
    Object.assign(this, { source, changed });
    this.use("");
  }

  /** Begin anew with another text; empty for none. */
  use(text) {
    this.text = text;
    this.kept = new Map();
  }

  /** Hits by bucket of a tile's row; undefined while they aren't known. */
  get(row, level, index) {
    return this.kept.get(`${row}/${level}/${index}`) ?? undefined;
  }

  /** Ask for those of some rows that are neither known nor on their way. */
  async want(level, index, rows) {
    const lacking = rows.filter((row) => !this.kept.has(`${row}/${level}/${index}`));
    if (!this.text || !lacking.length) return;
    const { kept, text } = this;
    lacking.forEach((row) => kept.set(`${row}/${level}/${index}`, null));
    try {
      const query = { text, level, index, rows: lacking.join() };
      const buffer = await (await this.source.ask("hits", query)).arrayBuffer();
      decodedHits(buffer).forEach((found, i) => kept.set(`${lacking[i]}/${level}/${index}`, found));
      this.changed();
    } catch {
      lacking.forEach((row) => kept.delete(`${row}/${level}/${index}`)); // asked again with the next frame
    }
  }
}

/** Of each row its hits by bucket; the layout is told in timeline/tiles/hits.py. */
function decodedHits(buffer) {
  const [rows] = new Uint32Array(buffer, 0, 1);
  const head = new Uint32Array(buffer, 8, 2 * rows);
  return Array.from({ length: rows }, (_, i) => {
    const [many, offset] = head.subarray(2 * i, 2 * i + 2);
    const counts = new Uint32Array(buffer, offset, many);
    const buckets = new Uint16Array(buffer, offset + 4 * many, many);
    return new Map(Array.from(buckets, (bucket, k) => [bucket, counts[k]]));
  });
}
