"""A short kernel behind the blocks of a large one in a stream of no higher priority."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.engines import SM
from timeline.findings.case import Case
from timeline.findings.detector import NO_ROWS, Detector, Evidence
from timeline.findings.residency import capacity_of, fills, sm_count
from timeline.intervals import Int64

__all__ = ["DETECTOR"]

SMALL = 0.25
"""Part of the device that a kernel fills at most to be called small; a large one fills all."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: waits of the small kernels, less half a block of the large one."""
    if len(case.stream_kinds) < 2 or not case.on(SM).any():
        return
    if sm_count(case) is None:
        yield "the trace does not say how many SMs the device has"
        return
    small, large = _held(case)
    if not len(small):
        return
    priority = _priorities(case)
    if priority is None:
        yield "small kernels waited behind large ones, and the trace has no stream priorities"
        return
    codes = case.work.stream_codes
    inverted = priority[codes[small]] >= priority[codes[large]]  # lower numbers go first
    small, large = small[inverted], large[inverted]
    if not len(small):
        return
    work = case.work
    ready = case.ready[small]
    saved = np.maximum(work.starts[small] - ready - _block_ns(case)[large] // 2, 0)
    waited = int(np.median(work.starts[small] - ready))
    yield Evidence(
        work.rows[small],
        ready,
        work.starts[small],
        saved,
        int(saved.sum()),
        "waits",
        "waits of these kernels, less half the time of a block of what held them, which is what "
        "they would wait with a higher priority; the makespan need not have grown as much",
        f"{len(small):,} small kernels waited {waited / 1e3:,.1f} µs in the median while a kernel "
        "of another stream, of no lower priority, filled the device",
    )


def _held(case: Case) -> tuple[Int64, Int64]:
    """Small kernels that were ready longer than they last, and the large one that ran then."""
    work, fill, kernels = case.work, fills(case), case.on(SM)
    large = np.flatnonzero(kernels & (fill >= 1))
    ready = case.ready
    waited = np.where(ready > np.iinfo(np.int64).min, work.starts - ready, 0)
    small = np.flatnonzero(
        kernels & (fill <= SMALL) & (waited > work.ends - work.starts) & (waited > _LEAST_NS)
    )
    if not len(large) or not len(small):
        return NO_ROWS, NO_ROWS
    at = np.searchsorted(work.starts[large], work.starts[small]) - 1
    holder = large[np.maximum(at, 0)]
    beside = np.minimum(work.ends[holder], work.starts[small])
    beside = beside - np.maximum(work.starts[holder], ready[small])
    held = (at >= 0) & (2 * beside > waited[small])
    held &= work.stream_codes[holder] != work.stream_codes[small]
    return small[held], holder[held]


_LEAST_NS = 10_000
"""A launch alone takes as long."""


def _block_ns(case: Case) -> Int64:
    """How long a block of each kernel lasted: its time over the waves of blocks in it."""
    work = case.work
    blocks = work.column("grid").astype(np.int64).prod(axis=1)
    waves = np.maximum(-(-blocks // np.maximum(capacity_of(case), 1)), 1)
    return np.asarray((work.ends - work.starts) // waves)


def _priorities(case: Case) -> Int64 | None:
    """Priority of each stream by its number; None where the trace has none."""
    table = case.work.trace.tables["streams"].select(["stream", "priority"]).to_pylist()
    known = {row["stream"]: row["priority"] for row in table if row["priority"] is not None}
    if not known:
        return None
    work = case.work
    first = work.by_stream[work.opens_stream]
    return np.array([known.get(s, 0) for s in work.column("stream")[first].tolist()], np.int64)


DETECTOR = Detector(
    "stream-priority-inversion",
    "small kernels wait behind the blocks of a large one of no lower priority",
    "Make the stream of the small, urgent kernels with cudaStreamCreateWithPriority(&stream, "
    "cudaStreamNonBlocking, greatest), greatest from cudaDeviceGetStreamPriorityRange.",
    "stream_priority",
    None,
    find,
)
