"""cudaMalloc and cudaFree between the work: the host waits, and the engines run dry."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.findings.sites import calls_by_correlation

__all__ = ["DETECTOR"]

KINDS = ("malloc", "free")


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: the engine that bounds the work, idle because the host was in such a call."""
    waits = case.waits
    mine = np.flatnonzero(np.isin(np.array(waits.kinds, object), KINDS))
    if not len(mine):
        if not case.has_calls and not case.work.trace.rows("allocs"):
            yield "the trace has neither allocations nor API calls"
        return
    frees = sum(waits.kinds[i] == "free" for i in mine.tolist())
    yield Evidence(
        np.full(len(mine), -1),
        waits.starts[mine],
        waits.ends[mine],
        waits.blocked_ns[mine],
        case.idle_by("allocation"),
        "idle",
        f"idle time of {case.limiting}, the engine that bounds the work, while the host was in an "
        "allocating call, or waited there for earlier work",
        f"{len(mine) - frees:,} cudaMalloc and {frees:,} cudaFree held the host for "
        f"{int(waits.blocked_ns[mine].sum()) / 1e6:,.3f} ms",
        calls=calls_by_correlation(case, waits.correlations[mine], waits.processes[mine]),
    )


DETECTOR = Detector(
    "blocking-allocation",
    "cudaMalloc and cudaFree between the work stall the device",
    "Use cudaMallocAsync and cudaFreeAsync in the stream that uses the memory, or allocate once "
    "before the loop.",
    "stream_ordered_alloc",
    "async_alloc",
    find,
)
