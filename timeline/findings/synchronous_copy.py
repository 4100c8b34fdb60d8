"""Calls that copy or fill and return when that is done."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from timeline.findings.case import Case
from timeline.findings.detector import NO_ROWS, Detector, Evidence
from timeline.intervals import Int64

__all__ = ["DETECTOR"]

SYNCHRONOUS = re.compile(r"cu(da)?(Memcpy|Memset)(?!.*Async)")
"""Calls without ``Async`` in their name; those of pageable memory are a cause of their own."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: the engine that bounds the work, idle while the host was in such a call."""
    if not case.has_calls:
        if len(case.work.rows):
            yield "without API calls a synchronous copy looks like any other"
        return
    issued, rows = _synchronous(case)
    if not len(issued):
        return
    calls, work = case.execution.calls, case.work
    made = calls.issued[issued]
    last = int(calls.starts[made].max(initial=0))
    if not (calls.starts[calls.issued[calls.issued >= 0]] > last).any() and len(issued) == 1:
        return  # the result is brought home at the end: the host has to wait for it
    yield Evidence(
        work.rows[issued],
        calls.starts[made],
        calls.ends[made],
        calls.ends[made] - calls.starts[made],
        case.idle_during(calls.starts[made], calls.ends[made]),
        "idle",
        f"time in these calls during which {case.limiting}, the engine that bounds the work, was "
        "idle",
        f"{len(issued):,} synchronous copies or fills; the host waited in each",
        calls=rows,
    )


def _synchronous(case: Case) -> tuple[Int64, Int64]:
    """Places of activities that such a call issued, and the rows of those calls."""
    trace, calls = case.work.trace, case.execution.calls
    words = trace.names("calls", "name")
    codes = [code for code, name in enumerate(words) if SYNCHRONOUS.match(name)]
    if not codes:
        return NO_ROWS, NO_ROWS
    rows = np.concatenate((calls.rows, [-1]))[calls.issued]
    named = np.isin(trace.column("calls", "name")[rows], codes) & (rows >= 0)
    pageable = case.word("src_kind", "pageable") | case.word("dst_kind", "pageable")
    places = np.flatnonzero(named & ~pageable)
    return places, rows[places]


DETECTOR = Detector(
    "synchronous-copy",
    "a synchronous copy or fill holds the host until it is done",
    "Use cudaMemcpyAsync or cudaMemsetAsync in a named stream with pinned memory, and let the "
    "stream that needs it wait with cudaStreamWaitEvent.",
    "three_way_overlap",
    None,
    find,
)
