"""An event recorded between two kernels, the second of which was launched with PDL."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import launch_gaps
from timeline.analysis.matching import first_after, pair_codes
from timeline.findings.case import Bools, Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import Int64

__all__ = ["DETECTOR"]


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: their gaps, and the overlap that pairs without an event had."""
    work, found = case.work, launch_gaps(case.work)
    before, after = (np.searchsorted(work.rows, r) for r in (found.before, found.after))
    dependent = work.column("pdl")[after].astype(np.bool_)
    apart = np.flatnonzero(dependent & (found.gap_ns >= 0))
    if not len(apart):
        return
    if not work.trace.rows("events"):
        yield "kernels launched with PDL did not overlap, and the trace has no event records"
        return
    parted = apart[_recorded_between(case, before[apart], after[apart])]
    if not len(parted):
        return
    overlaps = -found.gap_ns[dependent & (found.gap_ns < 0)]
    had = int(np.median(overlaps)) if len(overlaps) else 0
    lost = found.gap_ns[parted] + had
    yield Evidence(
        work.rows[after[parted]],
        work.ends[before[parted]],
        work.starts[after[parted]],
        lost,
        int(lost.sum()),
        "path",
        "gaps between these kernels, and as much overlap as the median of those pairs had that no "
        "event parts",
        f"{len(parted):,} kernels launched with PDL started only after their primary had ended: an "
        "event was recorded between them",
    )


def _recorded_between(case: Case, before: Int64, after: Int64) -> Bools:
    """Whether an event was recorded in their stream after the first and before the second."""
    work, column = case.work, case.work.trace.column
    recorded, mine = pair_codes(
        (column("events", "process"), column("events", "stream")),
        (work.column("process")[before], work.column("stream")[before]),
    )
    issued = work.column("correlation")
    found = first_after(recorded, column("events", "correlation"), mine, issued[before])
    at = np.where(found >= 0, column("events", "correlation")[found], np.iinfo(np.int64).max)
    return np.asarray(at < issued[after])


DETECTOR = Detector(
    "event-between-pdl",
    "an event between two kernels takes their programmatic overlap away",
    "Record the event elsewhere, or make it with cudaEventCreateWithFlags(&event, "
    "cudaEventDisableTiming): one that keeps no time leaves the overlap alone.",
    "pdl",
    None,
    find,
)
