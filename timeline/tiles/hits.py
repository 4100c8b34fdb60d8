"""Where in a tile the spans are whose names a search is for.

As bytes, little-endian; ``m`` buckets a row::

    u32 rows, u32 0
    of each row: u32 m, u32 offset of
        u32[m] count, u16[m] bucket
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from timeline.intervals import Int64
from timeline.tiles.index import Index
from timeline.tiles.layout import Row
from timeline.tiles.parallel import each, pieces
from timeline.tiles.search import Bools, matches
from timeline.tiles.tile import BUCKETS

__all__ = ["encoded_hits", "row_hits"]


def encoded_hits(index: Index, rows: Sequence[int], text: str, level: int, place: int) -> bytes:
    """Of each row how many spans that match start in each bucket of a tile, where any do."""
    head, bodies = [len(rows), 0], []
    offset = 8 + 8 * len(rows)
    for number in rows:
        counts = row_hits(index, index.rows[number], text, level, place)
        bucket = np.flatnonzero(counts)
        body = counts[bucket].astype("<u4").tobytes() + bucket.astype("<u2").tobytes()
        body += bytes(-len(body) % 8)
        head += [len(bucket), offset]
        bodies.append(body)
        offset += len(body)
    return np.array(head, "<u4").tobytes() + b"".join(bodies)


def row_hits(index: Index, row: Row, text: str, level: int, place: int) -> Int64:
    """How many spans of a row that match start in each bucket of a tile; shape (BUCKETS,)."""
    found = np.zeros(BUCKETS, np.int64)
    matching = matches(index, text).by_table
    for number in row.tracks:
        wanted = matching.get(index.tables[number])
        if wanted is not None and wanted.any():
            found += _of_track(index, number, wanted, level, place * BUCKETS)
    return found


def _of_track(index: Index, number: int, wanted: Bools, level: int, first: int) -> Int64:
    spans = index.tracks[number].spans
    begin, until = np.searchsorted(spans.start, (first << level, (first + BUCKETS) << level))
    codes = np.append(wanted, False)  # a name that is null has code -1

    def count(piece: tuple[int, int]) -> Int64:
        part = spans.part(int(begin) + piece[0], int(begin) + piece[1])
        starts = part.start[codes[part.name]]
        return np.bincount((starts >> level) - first, minlength=BUCKETS)

    counts = each(count, pieces(int(until - begin)))
    return np.asarray(np.sum(counts, axis=0, dtype=np.int64))
