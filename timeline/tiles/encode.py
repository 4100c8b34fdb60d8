"""Tiles as bytes, for a page to read without parsing.

Little-endian; ``n`` bars and ``m`` merged bars a row; rows start at multiples of 8 bytes::

    u32 rows, u32 0
    of each row: u32 n, u32 m, u32 whether totals are f64, u32 offset of
        f64[n] start, f64[n] length, f64[m] total (or u32[m], after count)
        u32[n] place, i32[n] name, u32[m] count, i32[m] name of the longest
        u16[n] track (its place in the row), u16[m] bucket
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from timeline.tiles.coverage import EngineSets
from timeline.tiles.index import Index, RowBytes
from timeline.tiles.layout import Row
from timeline.tiles.strips import NO_TILE, busy_tile, idle_tile, overlap_tile
from timeline.tiles.tile import Tile, tile

__all__ = ["MOST_BYTES", "encoded", "row_tile"]

MOST_BYTES = 190_000
"""Size at which no further row is added."""


def encoded(index: Index, rows: Sequence[int], level: int, place: int) -> bytes:
    """Tile ``place`` of a level of as many of the rows, from the first, as fit; at least one."""
    bodies: list[RowBytes] = []
    size = 8 + 16 * len(rows)
    for number in rows:
        found = _row(index, number, level, place)
        if bodies and size + len(found.body) > MOST_BYTES:
            break
        bodies.append(found)
        size += len(found.body)
    offset = 8 + 16 * len(bodies)
    table = [len(bodies), 0]
    for found in bodies:
        table += [found.bars, found.merged, int(found.wide), offset]
        offset += len(found.body)
    return np.array(table, "<u4").tobytes() + b"".join(found.body for found in bodies)


def _row(index: Index, number: int, level: int, place: int) -> RowBytes:
    """A row's part of a tile; the last ones that anybody asked for are remembered."""

    def make() -> RowBytes:
        found = row_tile(index, index.rows[number], level, place)
        wide = bool(len(found.total)) and int(found.total.max()) >= 1 << 32
        body = _body(found, index.rows[number], wide)
        return RowBytes(len(found.start), len(found.bucket), wide, body)

    if index.rows[number].idle is not None and not index.idle:
        return make()  # not worked out yet
    return index.encoded.get((number, level, place), make)


def row_tile(index: Index, row: Row, level: int, place: int) -> Tile:
    """The tile of one row, whatever it shows."""
    if row.device is not None and row.idle is not None:
        idle = index.idle.get((row.device, row.idle))
        return NO_TILE if idle is None else idle_tile(idle, level, place)
    if row.device is not None:
        make = overlap_tile if row.overlap else busy_tile
        sets: EngineSets = index.sets[row.device]
        return make(sets, level, place)
    return tile([(number, index.tracks[number]) for number in row.tracks], level, place)


def _body(found: Tile, row: Row, wide: bool) -> bytes:
    # Tracks of a row ascend; a computed row has none.
    track = np.searchsorted(np.array(row.tracks, np.int64), found.track).astype("<u2")
    columns = [found.start.astype("<f8"), (found.end - found.start).astype("<f8")]
    columns += [found.total.astype("<f8")] if wide else []
    columns += [found.place.astype("<u4"), found.name.astype("<i4"), found.count.astype("<u4")]
    columns += [] if wide else [found.total.astype("<u4")]
    columns += [found.longest_name.astype("<i4"), track, found.bucket.astype("<u2")]
    body = b"".join(column.tobytes() for column in columns)
    return body + bytes(-len(body) % 8)
