"""From the end of an activity to the start of the next one on its stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.work import Work
from timeline.engines import ENGINES, SM
from timeline.intervals import Int64

__all__ = ["GapSummary", "LaunchGaps", "launch_gaps"]


@dataclass(frozen=True, slots=True)
class GapSummary:
    """Statistics of gaps, ns; the median is the lower one of two.

    Attributes
    ----------
    negative : int
        Pairs that overlapped: the next one started before the last one ended, as under PDL.
    """

    pairs: int
    min_ns: int
    median_ns: int
    max_ns: int
    negative: int


@dataclass(frozen=True, eq=False, slots=True)
class LaunchGaps:
    """Pairs of activities directly after one another on a stream.

    Attributes
    ----------
    before, after : numpy.ndarray of int64, shape (n,)
        Rows of ``trace.activities``.
    gap_ns : numpy.ndarray of int64, shape (n,)
        start(after) − end(before), ns.
    """

    before: Int64
    after: Int64
    gap_ns: Int64

    def __len__(self) -> int:
        return len(self.before)

    @property
    def summary(self) -> GapSummary | None:
        """Statistics; None without a pair."""
        if not len(self):
            return None
        gaps = np.sort(self.gap_ns)
        middle = int(gaps[(len(gaps) - 1) // 2])
        return GapSummary(len(gaps), int(gaps[0]), middle, int(gaps[-1]), int((gaps < 0).sum()))


def launch_gaps(work: Work, *, kernels_only: bool = True) -> LaunchGaps:
    """Gaps between a kernel and the kernel right after it on its stream.

    Parameters
    ----------
    kernels_only : bool
        False takes all activities: copies, fills and host functions too.
    """
    order = work.by_stream
    same = ~work.opens_stream[1:]
    if kernels_only:
        kernel = work.engine_codes[order] == ENGINES.index(SM)
        same = same & kernel[1:] & kernel[:-1]
    before, after = order[:-1][same], order[1:][same]
    gap = work.starts[after] - work.ends[before]
    return LaunchGaps(work.rows[before], work.rows[after], gap)
