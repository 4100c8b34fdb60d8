"""The host waits between two pieces of device work where an event would keep the order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.engines import D2H, ENGINES, HOST
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.findings.sites import calls_by_correlation
from timeline.intervals import Int64

__all__ = ["DETECTOR"]

KINDS = ("stream_synchronize", "device_synchronize", "event_synchronize")

AT_ONCE_NS = 50_000
"""A host that issues again so soon after the synchronisation did not use a result in between."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: the engine that bounds the work, idle from the wait on to what was issued after it."""
    waits = case.waits
    if not case.has_calls:
        if len(case.work.rows) and not len(waits):
            yield "without API calls it is not known when the host synchronised"
        return
    mine, following = _needless(case)
    if not len(mine):
        return
    work = case.work
    until = np.maximum(work.starts[following], waits.ends[mine])
    held = ", ".join(sorted({waits.kinds[i].replace("_", " ") for i in mine.tolist()}))
    yield Evidence(
        work.rows[following],
        waits.starts[mine],
        until,
        waits.blocked_ns[mine],
        case.idle_during(waits.starts[mine], until),
        "idle",
        f"idle time of {case.limiting}, the engine that bounds the work, from the host's wait to "
        "the start of what it issued next",
        f"{len(mine):,} times the host waited ({held}) and then only issued more work",
        calls=calls_by_correlation(case, waits.correlations[mine], waits.processes[mine]),
    )


def _needless(case: Case) -> tuple[Int64, Int64]:
    """Waits that brought nothing home, and the first activity issued after each."""
    waits, work, calls = case.waits, case.work, case.execution.calls
    kinds = np.isin(np.array(waits.kinds, object), KINDS)
    home = np.concatenate((work.engine_codes, [-1]))[waits.waited_for]
    needed = (home == ENGINES.index(D2H)) | (home == ENGINES.index(HOST))
    some = np.flatnonzero(kinds & (waits.waited_for >= 0) & ~needed)
    issuing = np.flatnonzero(calls.issued >= 0)
    if not len(some) or not len(issuing):
        return some[:0], some[:0]
    begun = calls.starts[calls.issued[issuing]]
    order = np.argsort(begun, kind="stable")
    at = np.searchsorted(begun[order], waits.ends[some])
    there = at < len(order)
    next_one = order[np.minimum(at, len(order) - 1)]
    soon = there & (begun[next_one] - waits.ends[some] < AT_ONCE_NS)
    # Where results alone are left to be brought home, the host waits for them sooner or later.
    bringing_home = work.engine_codes[issuing[order]] == ENGINES.index(D2H)
    ends_so = np.flip(np.logical_and.accumulate(np.flip(bringing_home)))
    soon &= ~ends_so[np.minimum(at, len(order) - 1)]
    return some[soon], issuing[next_one[soon]]


DETECTOR = Detector(
    "host-synchronisation",
    "the host waits where an event would keep the order",
    "Record an event behind the producer (cudaEventRecord) and let only the consumer's stream wait "
    "for it (cudaStreamWaitEvent); synchronise when the host needs a result.",
    "event_wait",
    "events_for_syncs",
    find,
)
