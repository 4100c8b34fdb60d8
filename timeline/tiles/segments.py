"""Time cut into segments of one code each, and how long each code lasts in any window.

Every 32 segments the time spent in each code so far is kept, so a window costs two look-ups and
the segments of two such blocks, however long it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.tiles.parallel import PIECE, each, pieces

__all__ = ["BLOCK", "Engine", "Segments", "block_sums"]

Engine = tuple[int, str]
"""A device and one of its engines."""

BLOCK = 32
"""Segments between two kept sums."""


@dataclass(frozen=True, eq=False, slots=True)
class Segments:
    """Segments that follow each other without a gap.

    Attributes
    ----------
    edges : (n + 1,) int64
        Segment i is ``[edges[i], edges[i + 1])``, ns after the index's origin.
    codes : (n,) uint8
        The code of each.
    sums : (n // BLOCK + 1, k) int64
        Time in each code before segment ``i * BLOCK``, ns.
    """

    edges: Int64
    codes: npt.NDArray[np.uint8]
    sums: Int64

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Its columns, the sums as one."""
        return self.edges, self.codes, self.sums.ravel()

    def before(self, times: Int64) -> Int64:
        """Time in each code from the first edge to each of ``times``; shape (m, k)."""
        count = self.sums.shape[1]
        if not len(self.codes):
            return np.zeros((len(times), count), np.int64)
        last = np.clip(np.searchsorted(self.edges, times, "right") - 1, 0, len(self.codes) - 1)
        block = last // BLOCK
        segment = (block * BLOCK)[:, None] + np.arange(BLOCK)
        segment = np.minimum(segment, len(self.codes) - 1)
        until = np.minimum(self.edges[segment + 1], times[:, None])
        length = np.maximum(until - self.edges[segment], 0)
        length[(block * BLOCK)[:, None] + np.arange(BLOCK) >= len(self.codes)] = 0
        cell = np.arange(len(times))[:, None] * count + self.codes[segment]
        partial = np.bincount(cell.ravel(), length.ravel(), len(times) * count)
        found: Int64 = self.sums[block] + partial.astype(np.int64).reshape(len(times), count)
        return found

    def within(self, start: int, end: int) -> Int64:
        """Time in each code within ``[start, end)``, shape (k,)."""
        found: Int64 = np.diff(self.before(np.array([start, end], np.int64)), axis=0)[0]
        return found

    def touching(self, start: int, end: int) -> tuple[int, int]:
        """The segments that have a ns of ``[start, end)``."""
        if not len(self.codes):
            return 0, 0
        lo = max(int(np.searchsorted(self.edges, start, "right")) - 1, 0)
        hi = min(int(np.searchsorted(self.edges, end, "left")), len(self.codes))
        return lo, max(hi, lo)


def block_sums(edges: Int64, codes: npt.NDArray[np.uint8], count: int) -> Int64:
    """The sums of ``count`` codes; see :class:`Segments`."""
    blocks = len(codes) // BLOCK
    sums = np.zeros((blocks + 1, count), np.int64)

    def spend(piece: tuple[int, int]) -> None:
        lo, hi = piece
        own = codes[lo * BLOCK : hi * BLOCK].reshape(-1, BLOCK)
        cell = np.arange(hi - lo)[:, None] * count + own
        length = np.diff(edges[lo * BLOCK : hi * BLOCK + 1])
        # float64 adds exactly below 2**53, and no trace spans as much.
        spent = np.bincount(cell.ravel(), length, (hi - lo) * count)
        sums[lo + 1 : hi + 1] = spent.reshape(-1, count)

    if blocks:
        each(spend, pieces(blocks, PIECE // BLOCK))
    return np.cumsum(sums, axis=0, out=sums)
