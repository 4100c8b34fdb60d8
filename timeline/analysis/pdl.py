"""Programmatic dependent launch: how far a kernel ran inside the one before it.

For a primary A and its secondary B, directly after one another on a stream:

launch gap = start(B) − end(A), from the activities; negative when they overlap.

overlap = |A ∩ B|, from the activities.

epilogue overlap = |[trigger(A), end(A)) ∩ B| / |[trigger(A), end(A))|, the part of A's time after
its trigger that B used. From stamps: trigger(A) is the last start of an ``epilogue`` over A's
blocks, since B may start when all of them have triggered.

prologue overlap = |prologue(B) ∩ A| / |prologue(B)|, the part of B's own preparation that cost
nothing. From stamps: the prologue lasts from the first start to the last end of a ``prologue``.

wait after end = first end of a ``wait`` of B − end(A): how long after A's end
``griddepcontrol.wait`` first returned; negative if it returned before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.kernel_stamps import role_spans
from timeline.analysis.launch_gaps import LaunchGaps, launch_gaps
from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["DependentLaunches", "dependent_launches"]

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class DependentLaunches:
    """Pairs of primary and secondary kernel; arrays of shape (n,).

    Attributes
    ----------
    primary, secondary : numpy.ndarray of int64
        Rows of ``trace.activities``.
    attribute : numpy.ndarray of bool
        Whether the secondary was launched with the PDL attribute.
    gap_ns, overlap_ns : numpy.ndarray of int64
    epilogue_overlap, prologue_overlap, wait_after_end_ns : numpy.ndarray of float64
        NaN where stamps don't tell.
    """

    primary: Int64
    secondary: Int64
    attribute: npt.NDArray[np.bool_]
    gap_ns: Int64
    overlap_ns: Int64
    epilogue_overlap: Float64
    prologue_overlap: Float64
    wait_after_end_ns: Float64

    def __len__(self) -> int:
        return len(self.primary)


def dependent_launches(work: Work) -> DependentLaunches:
    """Pairs of kernels whose second has the PDL attribute or did overlap the first."""
    gaps = launch_gaps(work)
    before = np.searchsorted(work.rows, gaps.before)
    after = np.searchsorted(work.rows, gaps.after)
    attribute = work.column("pdl")[after].astype(np.bool_)
    keep = attribute | (gaps.gap_ns < 0)
    return _pairs(work, gaps, before, after, attribute, np.flatnonzero(keep))


def _pairs(
    work: Work,
    gaps: LaunchGaps,
    before: Int64,
    after: Int64,
    attribute: npt.NDArray[np.bool_],
    keep: Int64,
) -> DependentLaunches:
    a, b = before[keep], after[keep]
    a_start, a_end = work.starts[a], work.ends[a]
    b_start, b_end = work.starts[b], work.ends[b]
    return DependentLaunches(
        gaps.before[keep],
        gaps.after[keep],
        attribute[keep],
        gaps.gap_ns[keep],
        _shared(a_start, a_end, b_start, b_end),
        _epilogue_overlap(work, a, b),
        _prologue_overlap(work, a, b),
        _wait_after_end(work, a, b),
    )


def _shared(a_start: Int64, a_end: Int64, b_start: Int64, b_end: Int64) -> Int64:
    return np.asarray(np.maximum(np.minimum(a_end, b_end) - np.maximum(a_start, b_start), 0))


def _ratio(part: Int64, whole: Int64, known: npt.NDArray[np.bool_]) -> Float64:
    usable = known & (whole > 0)
    return np.where(usable, part / np.where(usable, whole, 1), np.nan)


def _epilogue_overlap(work: Work, a: Int64, b: Int64) -> Float64:
    stamps = role_spans(work, a, "epilogue")
    trigger, end = stamps.last_start, work.ends[a]
    part = _shared(trigger, end, work.starts[b], work.ends[b])
    return _ratio(part, end - trigger, stamps.known)


def _prologue_overlap(work: Work, a: Int64, b: Int64) -> Float64:
    stamps = role_spans(work, b, "prologue")
    part = _shared(stamps.first_start, stamps.last_end, work.starts[a], work.ends[a])
    return _ratio(part, stamps.last_end - stamps.first_start, stamps.known)


def _wait_after_end(work: Work, a: Int64, b: Int64) -> Float64:
    stamps = role_spans(work, b, "wait")
    return np.where(stamps.known, (stamps.first_end - work.ends[a]).astype(np.float64), np.nan)
