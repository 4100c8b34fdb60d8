"""Which engines of a device are busy when, and how long each set of them is busy in any window.

Time is cut wherever an engine turns busy or idle. Every 128 segments the time spent in each set of
engines so far is kept, so a window costs two look-ups and the segments of two such blocks, however
long it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from timeline.intervals import Coverage, Int64, Intervals
from timeline.tiles.parallel import PIECE, each, pieces

__all__ = ["BLOCK", "EngineSets", "engine_sets"]

BLOCK = 128
"""Segments between two kept sums."""


@dataclass(frozen=True, eq=False, slots=True)
class EngineSets:
    """Sets of busy engines of a device.

    Attributes
    ----------
    engines : tuple of str
        Bit i of a set stands for ``engines[i]``.
    edges : (n + 1,) int64
        Segment i is ``[edges[i], edges[i + 1])``, ns after the index's origin.
    sets : (n,) uint8
        Engines busy in each segment.
    sums : (n // BLOCK + 1, 2**k) int64
        Time in each set before segment ``i * BLOCK``, ns.
    """

    engines: tuple[str, ...]
    edges: Int64
    sets: npt.NDArray[np.uint8]
    sums: Int64

    def before(self, times: Int64) -> Int64:
        """Time in each set from the first edge to each of ``times``; shape (m, 2**k)."""
        count = 1 << len(self.engines)
        if not len(self.sets):
            return np.zeros((len(times), count), np.int64)
        last = np.clip(np.searchsorted(self.edges, times, "right") - 1, 0, len(self.sets) - 1)
        block = last // BLOCK
        segment = (block * BLOCK)[:, None] + np.arange(BLOCK)
        segment = np.minimum(segment, len(self.sets) - 1)
        until = np.minimum(self.edges[segment + 1], times[:, None])
        length = np.maximum(until - self.edges[segment], 0)
        length[(block * BLOCK)[:, None] + np.arange(BLOCK) >= len(self.sets)] = 0
        cell = np.arange(len(times))[:, None] * count + self.sets[segment]
        partial = np.bincount(cell.ravel(), length.ravel(), len(times) * count)
        found: Int64 = self.sums[block] + partial.astype(np.int64).reshape(len(times), count)
        return found

    def within(self, start: int, end: int) -> Coverage:
        """Time in each set within ``[start, end)``; idle between the first and the last busy ns."""
        by_set = np.diff(self.before(np.array([start, end], np.int64)), axis=0)[0]
        by_set[0] = 0
        busy = int(by_set.sum())
        if busy:
            lo, hi = self.segments(start, end)
            first = max(start, int(self.edges[lo if self.sets[lo] else lo + 1]))
            last = min(end, int(self.edges[hi if self.sets[hi - 1] else hi - 1]))
            by_set[0] = last - first - busy
        return Coverage(len(self.engines), by_set)

    def segments(self, start: int, end: int) -> tuple[int, int]:
        """The segments that have a ns of ``[start, end)``."""
        if not len(self.sets):
            return 0, 0
        lo = max(int(np.searchsorted(self.edges, start, "right")) - 1, 0)
        hi = min(int(np.searchsorted(self.edges, end, "left")), len(self.sets))
        return lo, max(hi, lo)


def engine_sets(unions: Sequence[tuple[str, Intervals]]) -> EngineSets:
    """Sweep over the unions of a device's engines, at most eight."""
    engines = tuple(name for name, _ in unions)
    sides = [pair for _, pair in unions]
    swept = each(lambda span: _swept(sides, *span), _stretches(sides))
    edges = np.concatenate([edges for edges, _ in swept])
    sets = np.concatenate([after for _, after in swept])[:-1]
    return EngineSets(engines, edges, sets, _sums(edges, sets, 1 << len(engines)))


def _stretches(unions: Sequence[Intervals]) -> list[tuple[int, int]]:
    """Stretches of time that together hold all edges, some 2**20 each."""
    starts = max((pair[0] for pair in unions), key=len, default=np.zeros(0, np.int64))
    count = sum(len(pair[0]) for pair in unions)
    step = max(PIECE * len(starts) // max(count, 1), 1)
    limits = np.iinfo(np.int64)
    cuts = [int(limits.min), *starts[step::step].tolist(), int(limits.max)]
    return list(pairwise(cuts))


def _swept(
    unions: Sequence[Intervals], begin: int, until: int
) -> tuple[Int64, npt.NDArray[np.uint8]]:
    """The edges in ``[begin, until)``, and the engines busy after each."""
    bits = max(len(unions) - 1, 1).bit_length()
    keys, state = [np.zeros(0, np.int64)], 0
    for i, pair in enumerate(unions):
        for side in pair:
            lo, hi = np.searchsorted(side, (begin, until)).tolist()
            keys.append((side[lo:hi] << bits) | i)
            state ^= (lo & 1) << i  # before: as many starts as ends, or the engine is busy
    packed = np.concatenate(keys)
    packed.sort()
    flips = np.left_shift(np.uint8(1), (packed & ((1 << bits) - 1)).astype(np.uint8))
    after = np.bitwise_xor.accumulate(flips) ^ np.uint8(state)
    times = packed >> bits
    final = np.diff(times, append=times[-1:] + 1) > 0
    return times[final], after[final]


def _sums(edges: Int64, sets: npt.NDArray[np.uint8], count: int) -> Int64:
    blocks = len(sets) // BLOCK
    sums = np.zeros((blocks + 1, count), np.int64)

    def spend(piece: tuple[int, int]) -> None:
        lo, hi = piece
        codes = sets[lo * BLOCK : hi * BLOCK].reshape(-1, BLOCK)
        cell = np.arange(hi - lo)[:, None] * count + codes
        length = np.diff(edges[lo * BLOCK : hi * BLOCK + 1])
        # float64 adds exactly below 2**53, and no trace spans as much.
        spent = np.bincount(cell.ravel(), length, (hi - lo) * count)
        sums[lo + 1 : hi + 1] = spent.reshape(-1, count)

    if blocks:
        each(spend, pieces(blocks, PIECE // BLOCK))
    return np.cumsum(sums, axis=0, out=sums)
