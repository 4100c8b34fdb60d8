"""Engines idle because the host had not issued their work yet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import CAUSES
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import Intervals, measure, subtract, union

__all__ = ["DETECTOR"]


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: idle time of the engine that bounds the work while the host was late."""
    found = case.idle[case.limiting]
    if not case.has_calls:
        yield "without API calls the trace does not tell when work was issued"
        return
    mine = np.flatnonzero(found.causes == CAUSES.index("host"))
    if not len(mine):
        return
    starts, ends = found.starts[mine], found.ends[mine]
    late = subtract(*union(starts, ends), *_in_allocations(case))
    yield Evidence(
        found.waiting[mine],
        starts,
        ends,
        ends - starts,
        measure(*late),
        "idle",
        f"idle time of {case.limiting}, the engine that bounds the work, while the host had not "
        "issued what came next and was in no allocation",
        f"{case.limiting} was idle {len(mine):,} times because the host was late",
    )


def _in_allocations(case: Case) -> Intervals:
    """Spans of calls that allocate in stream order, which are a cause of their own."""
    trace = case.work.trace
    names = trace.names("allocs", "kind")
    code = names.index("malloc_async") if "malloc_async" in names else -2
    rows = np.flatnonzero(trace.column("allocs", "kind") == code)
    return union(trace.column("allocs", "start")[rows], trace.column("allocs", "end")[rows])


DETECTOR = Detector(
    "host-bound-gaps",
    "the device waits for a host that is busy with other things",
    "Issue ahead of the device: prepare the next batch in another thread, move the host's part "
    "into the stream with cudaLaunchHostFunc in a side stream, or replay a graph "
    "(cudaGraphLaunch).",
    "host_callback",
    None,
    find,
)
