"""A stream-ordered pool that gives its memory back at each synchronisation and fetches it again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis.execution import Cause
from timeline.analysis.execution.host_calls import SYNC
from timeline.findings.case import Bools, Case
from timeline.findings.detector import NO_ROWS, Detector, Evidence
from timeline.findings.sites import calls_by_correlation
from timeline.intervals import Int64

__all__ = ["DETECTOR"]

COLD_NS = 40_000
"""A call that takes as long fetched memory where the pool's size does not tell. On an H200 a warm
one takes 1 to 5 µs, one that fetches 32 MiB takes 44 (``samples/calibration``)."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: the critical path's time in allocations that fetched what the pool had held before."""
    trace, (lo, hi) = case.work.trace, case.work.span
    rows = _stream_ordered(case)
    start, end = trace.column("allocs", "start"), trace.column("allocs", "end")
    again = rows[_again(case, rows)]
    again = again[(start[again] >= lo) & (start[again] < hi)]
    if not len(again):
        return
    mine = calls_by_correlation(
        case, trace.column("allocs", "correlation")[again], trace.column("allocs", "process")[again]
    )
    if not case.has_calls:
        yield "the pool fetched memory again, and the trace has no API calls to tell what it cost"
        return
    lengths = (end - start)[again]
    fetching = np.isin(case.execution.calls.rows, mine[mine >= 0])
    cost = case.path_ns(Cause.CALL, fetching | _gave_back(case, fetching))
    yield Evidence(
        np.full(len(again), -1),
        start[again],
        end[again],
        lengths,
        cost,
        "path",
        "time of the critical path in allocations that fetched memory which the pool had held "
        "before, and in the synchronisations that gave it back, after what they waited for",
        f"{len(again):,} cudaMallocAsync fetched memory from the system that the pool had given "
        f"back, in {int(lengths.sum()) / 1e6:,.3f} ms",
        calls=mine,
    )


def _stream_ordered(case: Case) -> Int64:
    """Rows of ``allocs`` of the device that allocate or free in stream order, by start."""
    trace = case.work.trace
    names = trace.names("allocs", "kind")
    codes = [code for code, name in enumerate(names) if name in ("malloc_async", "free_async")]
    if not codes:
        return NO_ROWS
    device = trace.column("allocs", "device")
    here = (device == case.work.device) | (device < 0)
    rows = np.flatnonzero(np.isin(trace.column("allocs", "kind"), codes) & here)
    return rows[np.argsort(trace.column("allocs", "start")[rows], kind="stable")]


def _gave_back(case: Case, fetching: Bools) -> Bools:
    """The last synchronisation of the thread before each of these calls."""
    calls = case.execution.calls
    places = np.arange(len(calls))
    latest = np.maximum.accumulate(np.where(calls.kinds == SYNC, places, -1))
    thread = np.cumsum(calls.before < 0)
    found = np.zeros(len(calls), np.bool_)
    last = latest[fetching]
    found[last[(last >= 0) & (thread[last] == thread[fetching])]] = True
    return found


def _again(case: Case, rows: Int64) -> Bools:
    """Which of them made their pool grow to a size that it had had before."""
    trace = case.work.trace
    names, kinds = trace.names("allocs", "kind"), trace.column("allocs", "kind")[rows]
    allocates = np.isin(kinds, [c for c, name in enumerate(names) if name == "malloc_async"])
    held = trace.column("allocs", "pool_reserved")[rows]
    if not len(rows) or (held < 0).all():
        return _slow_again(case, rows, allocates)
    found = np.zeros(len(rows), np.bool_)
    lengths = (trace.column("allocs", "end") - trace.column("allocs", "start"))[rows]
    pools = trace.column("allocs", "pool")[rows]
    for pool in np.unique(pools):
        mine = np.flatnonzero((pools == pool) & (held >= 0))
        most = np.maximum.accumulate(held[mine])
        # It grew; or it was trimmed since the last call and fetched again within this one, which
        # leaves it smaller than before, or just as large and shows in the time.
        changed = (held[mine[1:]] != held[mine[:-1]]) | (lengths[mine[1:]] >= COLD_NS)
        found[mine[1:]] = changed & (held[mine[1:]] <= most[:-1])
    return found & allocates


def _slow_again(case: Case, rows: Int64, allocates: Bools) -> Bools:
    """By duration: slow, after a quick one of at least as many bytes."""
    column = case.work.trace.column
    lengths = (column("allocs", "end") - column("allocs", "start"))[rows]
    size = column("allocs", "bytes")[rows]
    if not allocates.any():
        return np.zeros(len(rows), np.bool_)
    slow = allocates & (lengths >= COLD_NS)
    quick = np.where(allocates & ~slow, size, -1)
    before = np.maximum.accumulate(np.concatenate(([-1], quick[:-1])))
    return np.asarray(slow & (before >= size) & (size >= 0))


DETECTOR = Detector(
    "allocator-churn",
    "the memory pool gives its memory back and fetches it again",
    "Raise the pool's release threshold: cudaMemPoolSetAttribute(pool, "
    "cudaMemPoolAttrReleaseThreshold, &bytes), with UINT64_MAX to keep all.",
    "stream_ordered_alloc",
    None,
    find,
)
