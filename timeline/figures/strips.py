"""Which engines were busy at once: exact intersections, as segments of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.engines import COPY_ENGINES, SM

__all__ = ["Segments", "hidden_copy_ratio", "profile", "segments"]

Int64 = npt.NDArray[np.int64]
Spans = tuple[Int64, Int64]


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments of time in which the same engines are busy; idle time has none.

    Attributes
    ----------
    start, end : (n,) int64
        Disjoint, ascending, ns.
    mask : (n,) int64
        Bit k stands for ``engines[k]``.
    """

    engines: Sequence[str]
    start: Int64
    end: Int64
    mask: Int64

    def has(self, engine: str) -> npt.NDArray[np.bool_]:
        """Segments in which ``engine`` is busy."""
        if engine not in self.engines:
            return np.zeros(len(self.start), np.bool_)
        busy: npt.NDArray[np.bool_] = (self.mask >> self.engines.index(engine)) & 1 == 1
        return busy

    @property
    def copies(self) -> Int64:
        """Copy engines busy in each segment."""
        total = np.zeros(len(self.start), np.int64)
        for engine in COPY_ENGINES:
            total += self.has(engine)
        return total

    @property
    def copy_ns(self) -> int:
        """Time during which a copy engine is busy."""
        return int((self.end - self.start)[self.copies > 0].sum())

    @property
    def busy(self) -> Int64:
        """Engines busy in each segment."""
        bits = range(len(self.engines))
        total: Int64 = sum(((self.mask >> k) & 1 for k in bits), np.zeros_like(self.mask))
        return total

    def names(self) -> tuple[npt.NDArray[np.int32], list[str]]:
        """Of each segment the engines in words, as codes and a dictionary."""
        masks, codes = np.unique(self.mask, return_inverse=True)
        words = [
            " + ".join(e for k, e in enumerate(self.engines) if int(mask) >> k & 1)
            for mask in masks
        ]
        return codes.astype(np.int32), words


def segments(unions: Mapping[str, Spans]) -> Segments:
    """Cut time wherever an engine turns busy or idle.

    Parameters
    ----------
    unions : mapping of engine to (start, end)
        Disjoint ascending intervals of each.
    """
    points = _distinct([edge for union in unions.values() for edge in union])
    at, mask = points[:-1], np.zeros(max(len(points) - 1, 0), np.int64)
    for bit, (start, end) in enumerate(unions.values()):
        if len(start):
            last = np.searchsorted(start, at, side="right") - 1
            mask |= ((last >= 0) & (at < end[last])).astype(np.int64) << bit
    keep = mask != 0
    return Segments(tuple(unions), at[keep], points[1:][keep], mask[keep])


def hidden_copy_ratio(found: Segments) -> float | None:
    """|B(copy) ∩ B(SM)| / |B(copy)|; None without a copy."""
    length, copying = found.end - found.start, found.copies > 0
    copy_ns = found.copy_ns
    return int(length[copying & found.has(SM)].sum()) / copy_ns if copy_ns else None


def profile(start: Int64, end: Int64) -> tuple[Int64, Int64, Int64]:
    """How many of the intervals are open at once: (start, end, count) where any is."""
    points = _distinct([start, end])
    opened = np.searchsorted(np.sort(start), points[:-1], side="right")
    closed = np.searchsorted(np.sort(end), points[:-1], side="right")
    count = opened - closed
    keep = count > 0
    return points[:-1][keep], points[1:][keep], count[keep]


def _distinct(times: Sequence[Int64]) -> Int64:
    """All of the times, ascending, each once; faster than ``numpy.unique``, which hashes."""
    if not times:
        return np.empty(0, np.int64)
    points = np.sort(np.concatenate(times))
    new: Int64 = points[np.diff(points, prepend=points[:1] - 1) != 0]
    return new
