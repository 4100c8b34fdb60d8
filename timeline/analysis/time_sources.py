"""Where two sources measured the same kernel: the stamps it wrote, and its activity record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.kernel_stamps import role_spans
from timeline.analysis.work import Work
from timeline.engines import ENGINES, SM

__all__ = ["StampAgreement", "stamp_agreement"]


@dataclass(frozen=True, slots=True)
class StampAgreement:
    """How the stamps of kernels lie in their activities; medians (the lower one of two), ns.

    Attributes
    ----------
    kernels : int
        Kernels that have stamps.
    start_ns : int
        First stamp's start − activity's start: what it took the first block to begin.
    end_ns : int
        Activity's end − last stamp's end: what it took to retire the grid.
    outside : int
        Kernels with a stamp outside their activity: a sign that the clocks are not aligned.
    """

    kernels: int
    start_ns: int
    end_ns: int
    outside: int


def stamp_agreement(work: Work) -> StampAgreement | None:
    """Compare stamps with activities; None when no kernel has stamps."""
    kernels = np.flatnonzero(work.engine_codes == ENGINES.index(SM))
    stamps = role_spans(work, kernels)
    known = stamps.known
    if not known.any():
        return None
    start = (stamps.first_start - work.starts[kernels])[known]
    end = (work.ends[kernels] - stamps.last_end)[known]
    middle = (len(start) - 1) // 2
    return StampAgreement(
        len(start),
        int(np.sort(start)[middle]),
        int(np.sort(end)[middle]),
        int(((start < 0) | (end < 0)).sum()),
    )
