"""Tiles of computed rows: how many engines of a device are busy, and when copies are hidden."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.engines import COPY_ENGINES, GRAPH, HOST, SM
from timeline.intervals import Int64
from timeline.tiles.coverage import EngineSets
from timeline.tiles.tile import BUCKETS, Tile

__all__ = ["busy_tile", "overlap_tile"]

_NONE = np.zeros(0, np.int64)


def busy_tile(sets: EngineSets, level: int, index: int) -> Tile:
    """Segments of time with the same engines busy, their set as the name.

    Merged bars hold the sum over the engines of the time that each was busy, and are named after
    the set that lasted longest.
    """
    weight = np.array([code.bit_count() for code in _codes(sets, _all_but_host(sets))])
    return _strip(sets, level, index, weight)


def overlap_tile(sets: EngineSets, level: int, index: int) -> Tile:
    """The same of those segments in which the SMs and a copy engine are busy."""
    computing, copying = _bit(sets, SM), sum(_bit(sets, engine) for engine in COPY_ENGINES)
    codes = range(1 << len(sets.engines))
    weight = np.array([int(bool(code & computing and code & copying)) for code in codes])
    return _strip(sets, level, index, weight)


def _bit(sets: EngineSets, engine: str) -> int:
    return 1 << sets.engines.index(engine) if engine in sets.engines else 0


def _all_but_host(sets: EngineSets) -> int:
    """Engines of the device: host functions and graph launches as a whole are none."""
    every = (1 << len(sets.engines)) - 1
    return every & ~_bit(sets, HOST) & ~_bit(sets, GRAPH)


def _codes(sets: EngineSets, among: int) -> list[int]:
    return [code & among for code in range(1 << len(sets.engines))]


def _strip(sets: EngineSets, level: int, index: int, weight: Int64) -> Tile:
    edges = (index * BUCKETS + np.arange(BUCKETS + 1, dtype=np.int64)) << level
    lo, hi = sets.segments(int(edges[0]), int(edges[-1]))
    if hi - lo <= BUCKETS:
        chosen = np.flatnonzero(weight[sets.sets[lo:hi]]) + lo
        code = sets.sets[chosen].astype(np.int32)
        return _tile(sets.edges[chosen], sets.edges[chosen + 1], chosen, code, _NONE, _NONE, None)
    spent = np.diff(sets.before(edges), axis=0)
    total = spent @ weight
    bucket = np.flatnonzero(total)
    most = np.where(weight > 0, spent, 0)[bucket].argmax(axis=1)
    none = np.zeros(0, np.int32)
    return _tile(_NONE, _NONE, _NONE, none, bucket, total[bucket], most.astype(np.int32))


def _tile(
    start: Int64,
    end: Int64,
    place: Int64,
    code: npt.NDArray[np.int32],
    bucket: Int64,
    total: Int64,
    most: npt.NDArray[np.int32] | None,
) -> Tile:
    nothing = np.zeros(len(bucket), np.int64)
    names = np.zeros(0, np.int32) if most is None else most
    track = np.zeros(len(start), np.int64)
    return Tile(start, end, place, code, track, bucket, nothing, total, nothing, nothing, names)
