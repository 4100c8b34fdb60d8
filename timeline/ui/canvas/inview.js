// What the tiles behind the picture hold: of the whole view, and at one place of it.

const SLACK_PX = 2.5;

class InView {
  constructor(timeline) {
    this.timeline = timeline;
  }

  /** What is in view, lane by lane: bars once each, and merged bars. */
  visible() {
    const { lines, exact } = this.timeline.frames;
    return lines.map(({ lane, rows }) => {
      const bars = new Map();
      const merged = [];
      for (const row of rows) {
        for (let index = exact.first; index <= exact.last; index++) {
          const tile = this.timeline.tiles.get(row.row, exact.level, index);
          if (tile) this.collect(tile, row, bars, merged);
        }
      }
      const count = bars.size + merged.reduce((sum, one) => sum + one.count, 0);
      return { key: lane.key, label: lane.label, bars: [...bars.values()], merged, count };
    });
  }

  collect(tile, row, bars, merged) {
    const { start, end } = this.timeline.view;
    for (let i = 0; i < tile.start.length; i++) {
      const bar = barOf(tile, row, i);
      if (bar.start < end && (bar.end > start || bar.start >= start)) {
        bars.set(`${row.row}/${bar.track}/${bar.place}`, bar);
      }
    }
    const width = 2 ** tile.level;
    const origin = tile.index * this.timeline.manifest.buckets * width;
    for (let i = 0; i < tile.bucket.length; i++) {
      const from = origin + tile.bucket[i] * width;
      if (from < end && from + width > start) {
        const { [i]: count } = tile.count;
        merged.push({ row: row.row, start: from, width, count, total: tile.total[i], name: tile.longest[i] });
      }
    }
  }

  /** The bar or merged bar at a place on the stage. */
  at(place) {
    const { timeline } = this;
    const line = place.x >= GUTTER ? timeline.lineAt(place) : undefined;
    if (!line || line.kind !== "lane") return null;
    const y = place.y - RULER + timeline.top;
    const row = line.rows.find((one) => y >= one.y && y <= one.y + one.height + 1);
    if (!row) return null;
    const time = timeline.timeAt(place.x);
    const { level } = timeline.frames.exact;
    const tile = timeline.tiles.get(row.row, level, Math.floor(time / timeline.tiles.spanOf(level)));
    return tile ? this.inTile(line, row, tile, time) : null;
  }

  inTile(line, row, tile, time) {
    const slack = (SLACK_PX * this.timeline.view.length) / this.timeline.room;
    let best = null;
    for (let i = 0; i < tile.start.length; i++) {
      const end = tile.start[i] + tile.length[i];
      const away = Math.max(tile.start[i] - time, time - end, 0);
      if (away <= slack && (!best || away < best.away)) best = { away, ...barOf(tile, row, i), line };
    }
    if (best && best.away === 0) return best;
    const width = 2 ** tile.level;
    const bucket = Math.floor(time / width) - tile.index * this.timeline.manifest.buckets;
    const place = tile.bucket.indexOf(bucket);
    if (place < 0) return best;
    const start = Math.floor(time / width) * width;
    const [count, total, name] = [tile.count[place], tile.total[place], tile.longest[place]];
    const causes = line.lane.table === "idle" ? causesIn(tile, bucket, this.timeline.manifest) : [];
    const hits = this.timeline.hits.get(row.row, tile.level, tile.index)?.get(bucket);
    return { merged: true, line, row: row.row, start, width, count, total, name, causes, hits };
  }
}

function barOf(tile, row, i) {
  return {
    row: row.row,
    track: row.tracks[tile.track[i]] ?? -1,
    place: tile.place[i],
    start: tile.start[i],
    end: tile.start[i] + tile.length[i],
    name: tile.name[i],
  };
}

/** Lines that say what a bar or merged bar is, the first of them its heading. */
function hitWords(hit, { names, manifest }) {
  const { lane, rows } = hit.line;
  if (lane.table === "idle") return idleWords(hit, manifest);
  if (lane.table === "engines") return engineWords(hit, manifest.engines[rows[0].device]);
  const name = names.get(lane.table, hit.name)?.[1] ?? "…";
  if (hit.merged) {
    const first = `${countText(hit.count)} start in these ${exactText(hit.width)}`;
    const found = hit.hits ? [`${countText(hit.hits)} of them found`] : [];
    return [first, ...found, `together ${exactText(hit.total)}; the longest: ${name}`, "zoom in to see each"];
  }
  const length = exactText(hit.end - hit.start);
  return [name, `${length} (${durationText(hit.end - hit.start)})`, `at ${exactText(hit.start)}`];
}

function idleWords(hit, manifest) {
  if (!hit.merged) {
    const length = exactText(hit.end - hit.start);
    const words = `${length} (${durationText(hit.end - hit.start)})`;
    return [`idle: ${causeWords(hit.name, manifest)}`, words, `at ${exactText(hit.start)}`];
  }
  const causes = hit.causes.map(([words, ns]) => `${exactText(ns)} ${words}`);
  return [`idle in these ${exactText(hit.width)}`, ...causes, "zoom in to see each"];
}

function engineWords(hit, engines) {
  const names = engines.filter((_, i) => (hit.name >> i) & 1).join(" + ");
  if (!hit.merged) return [names || "idle", exactText(hit.end - hit.start), `at ${exactText(hit.start)}`];
  const words = `${exactText(hit.total)} in these ${exactText(hit.width)}`;
  return [`mostly ${names}`, words, "zoom in to see each"];
}
