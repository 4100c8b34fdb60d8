"""Which engines of a device are busy when, and how long each set of them is busy in any window.

Time is cut wherever an engine turns busy or idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from timeline.intervals import Coverage, Int64, Intervals
from timeline.tiles.parallel import PIECE, each
from timeline.tiles.segments import Segments, block_sums

__all__ = ["EngineSets", "engine_sets"]


@dataclass(frozen=True, eq=False, slots=True)
class EngineSets:
    """Sets of busy engines of a device.

    Attributes
    ----------
    engines : tuple of str
        Bit i of a set stands for ``engines[i]``.
    segments : Segments
        The set of each is its code.
    """

    engines: tuple[str, ...]
    segments: Segments

    def within(self, start: int, end: int) -> Coverage:
        """Time in each set within ``[start, end)``; idle between the first and the last busy ns."""
        edges, sets = self.segments.edges, self.segments.codes
        by_set = self.segments.within(start, end)
        by_set[0] = 0
        busy = int(by_set.sum())
        if busy:
            lo, hi = self.segments.touching(start, end)
            first = max(start, int(edges[lo if sets[lo] else lo + 1]))
            last = min(end, int(edges[hi if sets[hi - 1] else hi - 1]))
            by_set[0] = last - first - busy
        return Coverage(len(self.engines), by_set)


def engine_sets(unions: Sequence[tuple[str, Intervals]]) -> EngineSets:
    """Sweep over the unions of a device's engines, at most eight."""
    engines = tuple(name for name, _ in unions)
    sides = [pair for _, pair in unions]
    swept = each(lambda span: _swept(sides, *span), _stretches(sides))
    edges = np.concatenate([edges for edges, _ in swept])
    sets = np.concatenate([after for _, after in swept])[:-1]
    return EngineSets(engines, Segments(edges, sets, block_sums(edges, sets, 1 << len(engines))))


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
