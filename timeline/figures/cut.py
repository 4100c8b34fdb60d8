"""The part of a trace that a picture shows: all of it, one repeat, or a window of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["Cut"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cut:
    """Rows of a trace's tables that belong to a repeat or touch a window.

    Attributes
    ----------
    window : (int, int) or None
        Trace time in ns, half-open. Rows that touch it are shown whole.
    repeat : int or None
        Index into ``meta.repeats``. An activity belongs to the repeat in whose host span it starts.
    launch : int or None
        Correlation id of the only launch whose stamps are shown.
    """

    trace: Trace
    window: tuple[int, int] | None = None
    repeat: int | None = None
    launch: int | None = None

    def __post_init__(self) -> None:
        count = len(self.trace.meta.repeats)
        if self.repeat is not None and not 0 <= self.repeat < count:
            raise UsageError(f"no repeat {self.repeat}: this trace has {count}, counted from 0")
        if self.window is not None and self.window[0] >= self.window[1]:
            raise UsageError(f"window {self.window[0]}:{self.window[1]} ns is empty")

    @cached_property
    def activities(self) -> Int64:
        """Rows of the activities, ascending by start."""
        start, end = self._times("activities")
        inside = self._touching(start, end)
        if self.repeat is not None:
            first, last = self.trace.meta.repeats[self.repeat]
            inside &= (start >= first) & (start < last)
        return np.flatnonzero(inside)

    def rows(self, table: str) -> Int64:
        """Rows of a host table (``calls``, ``ranges``, ``syncs``, ``allocs``) by start."""
        start, end = self._times(table)
        inside = self._touching(start, end) & (end >= start)
        if self.repeat is not None:
            inside &= _touch(start, end, *self.trace.meta.repeats[self.repeat])
        found = np.flatnonzero(inside)
        return found[np.lexsort((-end[found], start[found]))]

    @cached_property
    def stamps(self) -> Int64:
        """Rows of the stamps inside the kernels shown."""
        start, end = self._times("stamps")
        inside = self._touching(start, end)
        if self.repeat is not None:
            known = self.trace.column("activities", "correlation")[self.activities]
            inside &= np.isin(self.trace.column("stamps", "correlation"), known)
        if self.launch is not None:
            inside &= self.trace.column("stamps", "correlation") == self.launch
        return np.flatnonzero(inside)

    @cached_property
    def view(self) -> tuple[int, int]:
        """What is in view: the window, or all activities shown, or else all calls."""
        if self.window is not None:
            return self.window
        for table, rows in (("activities", self.activities), ("calls", self.rows("calls"))):
            if len(rows):
                start, end = self._times(table)
                first = int(start[rows].min())
                return first, max(int(end[rows].max()), first + 1)
        return 0, 1

    def _times(self, table: str) -> tuple[Int64, Int64]:
        return self.trace.column(table, "start"), self.trace.column(table, "end")

    def _touching(self, start: Int64, end: Int64) -> Mask:
        if self.window is None:
            return np.ones(len(start), np.bool_)
        return _touch(start, end, *self.window)


def _touch(start: Int64, end: Int64, first: int, last: int) -> Mask:
    touching: Mask = (start < last) & ((end > first) | (start >= first))
    return touching
