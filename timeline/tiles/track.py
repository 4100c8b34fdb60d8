"""Spans that follow each other without overlap, with their levels of detail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64

__all__ = ["Level", "Spans", "Track"]

UInt32 = npt.NDArray[np.uint32]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class Spans:
    """Columns of many spans; a track is a stretch of them.

    Attributes
    ----------
    start, end : (n,) int64
        Ns after the index's origin.
    row : (n,) uint32
        Row of the trace's table.
    name : (n,) int32
        Code of the name in that table; -1 for none.
    """

    start: Int64
    end: Int64
    row: UInt32
    name: Int32

    def __len__(self) -> int:
        return len(self.start)

    def part(self, lo: int, hi: int) -> Spans:
        """Spans ``lo`` to ``hi``, without a copy."""
        return Spans(self.start[lo:hi], self.end[lo:hi], self.row[lo:hi], self.name[lo:hi])

    def take(self, order: npt.NDArray[np.intp]) -> Spans:
        """Spans in another order."""
        return Spans(self.start[order], self.end[order], self.row[order], self.name[order])

    def put(self, place: int, part: Spans) -> None:
        """Overwrite the spans from ``place`` on with those of ``part``."""
        until = place + len(part)
        self.start[place:until] = part.start
        self.end[place:until] = part.end
        self.row[place:until] = part.row
        self.name[place:until] = part.name


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """What a track looks like in buckets of ``2**level`` ns, at multiples of their width.

    Attributes
    ----------
    bucket : (m,) int64
        Number of each bucket in which spans shorter than it start, ascending.
    count : (m,) uint32
        How many of those start in it.
    total : (m,) int64
        The sum of their lengths, ns.
    longest : (m,) uint32
        Place in the track of the first of the longest.
    long : (k,) uint32
        Places of the spans that are as long as a bucket, or longer.
    """

    level: int
    bucket: Int64
    count: UInt32
    total: Int64
    longest: UInt32
    long: UInt32


@dataclass(frozen=True, eq=False, slots=True)
class Track:
    """Spans of which each ends before, or when, the next one starts.

    Attributes
    ----------
    levels : tuple of Level
        Consecutive, the finest first; none for a track that is short enough to be read itself.
    """

    spans: Spans
    levels: tuple[Level, ...] = ()

    def __len__(self) -> int:
        return len(self.spans)

    def touching(self, start: int, end: int) -> tuple[int, int]:
        """Places of the spans that hold a ns of ``[start, end)``, or start in it."""
        spans = self.spans
        lo = min(
            int(np.searchsorted(spans.end, start, "right")),
            int(np.searchsorted(spans.start, start, "left")),
        )
        return lo, max(int(np.searchsorted(spans.start, end, "left")), lo)

    def inside(self, start: int, end: int) -> int:
        """How many spans have a ns of ``[start, end)``, or lie in it without length."""
        starts = int(self.spans.start.searchsorted(end, "left"))
        return max(starts - int(self.spans.end.searchsorted(start, "right")), 0)
