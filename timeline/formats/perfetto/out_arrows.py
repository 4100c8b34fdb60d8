"""Arrows from a call to what it issued."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from timeline.formats.kineto.launches import Launches
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Fixed64, Part
from timeline.trace import Trace

__all__ = ["MOST", "Arrows"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST = 64
"""Arrows of one call; a launch of a large graph has more activities."""


class Arrows:
    """Which activities each call issued.

    Attributes
    ----------
    tied : numpy.ndarray of bool, a value an activity
        Whether an arrow leads to it.
    counts : numpy.ndarray of int64, a value a call
        Arrows that begin there.
    """

    def __init__(self, trace: Trace) -> None:
        call = Launches({"correlation": trace.column("calls", "correlation")}).rows_of(
            trace.column("activities", "correlation")
        )
        activities = np.flatnonzero(call >= 0)
        activities = activities[np.argsort(call[activities], kind="stable")]
        calls = call[activities]
        place = np.arange(len(calls)) - np.searchsorted(calls, calls)
        self._activities = activities[place < MOST]
        self.tied: Mask = np.zeros(len(call), np.bool_)
        self.tied[self._activities] = True
        self.counts: Int64 = np.bincount(calls[place < MOST], minlength=trace.rows("calls"))
        self._first = np.cumsum(self.counts) - self.counts

    @staticmethod
    def head(activities: Int64) -> Part:
        """The end of an arrow, for activities that are tied."""
        return Fixed64(schema.FLOW_END, activities + 1)

    def tails(self, calls: Int64, count: int) -> Iterator[Part]:
        """The beginnings of arrows, for calls that have ``count`` of them."""
        for place in range(count):
            yield Fixed64(schema.FLOW, self._activities[self._first[calls] + place] + 1)
