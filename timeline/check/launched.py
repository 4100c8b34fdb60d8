"""Which activities an NVTX range launched: those whose API call lies in it, on its thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline.analysis import Window, Work, devices
from timeline.analysis.matching import pair_codes
from timeline.errors import UsageError
from timeline.intervals import Int64
from timeline.trace import Trace

__all__ = ["Launched"]

_OWN_WORK = "host_work"
"""Category of ranges that stand for the host's own work, not for a phase of the program."""


@dataclass(frozen=True, eq=False)
class Launched:
    """The ranges of a trace and what they launched."""

    trace: Trace

    @cached_property
    def names(self) -> list[str]:
        """Names of ranges in which an activity was launched, in order of their first start."""
        rows = [row for row in self._ranges.tolist() if len(self._rows(row))]
        words = self.trace.names("ranges", "name")
        codes = self.trace.column("ranges", "name")
        return list(dict.fromkeys(words[codes[row]] for row in rows))

    def works(self, name: str, device: int) -> list[Work]:
        """What each occurrence launched on a device, by start; those that launched nothing not."""
        words = self.trace.names("ranges", "name")
        if name not in words:
            return []
        column = self.trace.column
        named = column("ranges", "name")[self._ranges] == words.index(name)
        found = []
        for row in self._ranges[named].tolist():
            rows = self._rows(row)
            rows = rows[self._on_device(rows, device)]
            if len(rows):
                start, end = column("activities", "start")[rows], column("activities", "end")[rows]
                window = Window(int(start.min()), int(end.max()))
                span = (int(column("ranges", "start")[row]), int(column("ranges", "end")[row]))
                found.append(Work(self.trace, device, np.sort(rows), window, span))
        return found

    def _on_device(self, rows: Int64, device: int) -> npt.NDArray[np.bool_]:
        found = self.trace.column("activities", "device")[rows]
        return np.asarray((found == device) | ((found < 0) & (devices(self.trace) == (device,))))

    @cached_property
    def _ranges(self) -> Int64:
        """Rows of ``ranges`` that have a length and are no work of the host, by start."""
        column = self.trace.column
        start, end = column("ranges", "start"), column("ranges", "end")
        categories = self.trace.names("ranges", "category")
        own = categories.index(_OWN_WORK) if _OWN_WORK in categories else -2
        rows = np.flatnonzero(
            (end > start) & (column("ranges", "category") != own) & (column("ranges", "name") >= 0)
        )
        return np.asarray(rows[np.argsort(start[rows], kind="stable")])

    def _rows(self, row: int) -> Int64:
        """Rows of ``activities`` that the range launched."""
        column = self.trace.column
        lo, hi = self._calls_of.get(int(self._range_threads[row]), (0, 0))
        starts = self._call_starts[lo:hi]
        first, last = column("ranges", "start")[row], column("ranges", "end")[row]
        calls = lo + np.searchsorted(starts, (first, last))
        return self._activities[slice(*np.searchsorted(self._places, calls))]

    @cached_property
    def _threads(self) -> tuple[Int64, Int64]:
        """A number for the thread of each call, and of each range."""
        column = self.trace.column
        calls, ranges = pair_codes(
            (column("calls", "process"), column("calls", "thread")),
            (column("ranges", "process"), column("ranges", "thread")),
        )
        return calls, ranges

    @property
    def _range_threads(self) -> Int64:
        return self._threads[1]

    @cached_property
    def _by_thread(self) -> Int64:
        """Rows of ``calls``, thread after thread, by start."""
        return np.lexsort((self.trace.column("calls", "start"), self._threads[0]))

    @cached_property
    def _call_starts(self) -> Int64:
        return np.asarray(self.trace.column("calls", "start")[self._by_thread])

    @cached_property
    def _calls_of(self) -> dict[int, tuple[int, int]]:
        """First and last place in ``_by_thread`` of each thread's calls."""
        if not len(self._by_thread):
            raise UsageError(
                "the trace has no API calls, so it does not tell what a range launched; check it "
                "whole, or in a window"
            )
        threads, first = np.unique(self._threads[0][self._by_thread], return_index=True)
        ends = [*first[1:].tolist(), len(self._by_thread)]
        return dict(zip(threads.tolist(), zip(first.tolist(), ends, strict=True), strict=True))

    @cached_property
    def _joined(self) -> tuple[Int64, Int64]:
        """Activities by the place of their call in ``_by_thread``, and that place."""
        column = self.trace.column
        issued, called = pair_codes(
            (column("activities", "process"), column("activities", "correlation")),
            (column("calls", "process"), column("calls", "correlation")),
        )
        order = np.argsort(called, kind="stable")
        at = np.searchsorted(called[order], issued).clip(max=len(called) - 1)
        known = (called[order][at] == issued) & (column("activities", "correlation") >= 0)
        place = np.empty(len(called), np.int64)
        place[self._by_thread] = np.arange(len(called))
        rows = np.flatnonzero(known)
        places = place[order[at[rows]]]
        by_place = np.argsort(places, kind="stable")
        return rows[by_place], places[by_place]

    @property
    def _activities(self) -> Int64:
        return self._joined[0]

    @property
    def _places(self) -> Int64:
        return self._joined[1]
