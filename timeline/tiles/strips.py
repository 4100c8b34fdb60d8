"""Tiles of computed rows: how many engines are busy, when copies are hidden, why one is idle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.engines import COPY_ENGINES, GRAPH, HOST, SM
from timeline.intervals import Int64
from timeline.tiles.coverage import EngineSets
from timeline.tiles.segments import Segments
from timeline.tiles.tile import BUCKETS, Tile

__all__ = ["NO_TILE", "busy_tile", "idle_tile", "overlap_tile"]

_NONE = np.zeros(0, np.int64)
Int32 = npt.NDArray[np.int32]


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


def idle_tile(idle: Segments, level: int, index: int) -> Tile:
    """Idle time of an engine, its cause as the name: index into ``timeline.tiles.idle.CAUSES``.

    There is a merged bar for each cause that a bucket has, with its very time in the bucket.
    """
    edges = _edges(level, index)
    lo, hi = idle.touching(int(edges[0]), int(edges[-1]))
    if hi - lo <= BUCKETS:
        return _bars(idle, np.flatnonzero(idle.codes[lo:hi]) + lo, -1)
    spent = np.diff(idle.before(edges), axis=0)[:, 1:]
    bucket, cause = np.nonzero(spent)
    return _merged(bucket, spent[bucket, cause], cause.astype(np.int32))


def _bit(sets: EngineSets, engine: str) -> int:
    return 1 << sets.engines.index(engine) if engine in sets.engines else 0


def _all_but_host(sets: EngineSets) -> int:
    """Engines of the device: host functions and graph launches as a whole are none."""
    every = (1 << len(sets.engines)) - 1
    return every & ~_bit(sets, HOST) & ~_bit(sets, GRAPH)


def _codes(sets: EngineSets, among: int) -> list[int]:
    return [code & among for code in range(1 << len(sets.engines))]


def _edges(level: int, index: int) -> Int64:
    return (index * BUCKETS + np.arange(BUCKETS + 1, dtype=np.int64)) << level


def _strip(sets: EngineSets, level: int, index: int, weight: Int64) -> Tile:
    edges, segments = _edges(level, index), sets.segments
    lo, hi = segments.touching(int(edges[0]), int(edges[-1]))
    if hi - lo <= BUCKETS:
        return _bars(segments, np.flatnonzero(weight[segments.codes[lo:hi]]) + lo, 0)
    spent = np.diff(segments.before(edges), axis=0)
    total = spent @ weight
    bucket = np.flatnonzero(total)
    most = np.where(weight > 0, spent, 0)[bucket].argmax(axis=1)
    return _merged(bucket, total[bucket], most.astype(np.int32))


def _bars(segments: Segments, chosen: Int64, shift: int) -> Tile:
    """Segments as they are, their codes moved by ``shift`` as their names."""
    start, end = segments.edges[chosen], segments.edges[chosen + 1]
    name, track = segments.codes[chosen].astype(np.int32) + shift, np.zeros(len(chosen), np.int64)
    return Tile(start, end, chosen, name, track, *(_NONE,) * 5, np.zeros(0, np.int32))


def _merged(bucket: Int64, total: Int64, name: Int32) -> Tile:
    nothing = np.zeros(len(bucket), np.int64)
    bars = (_NONE, _NONE, _NONE, np.zeros(0, np.int32), _NONE)
    return Tile(*bars, bucket, nothing, total, nothing, nothing, name)


NO_TILE = _merged(_NONE, _NONE, np.zeros(0, np.int32))
"""Of what is not known yet."""
