"""Operations to CUDA calls: one function an operation, each returns the prepared call.

Preparing does everything that may take time (compiling, looking handles up, packing arguments), so
that between two launches of a repeat there is nothing but the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from timeline.backends.cuda import issue_host, issue_memory, issue_order, issue_work
from timeline.backends.cuda.issuer import Issuer
from timeline.backends.cuda.stage import Issue
from timeline.backends.cuda.stream_ids import streams_of
from timeline.program import (
    AllReduce,
    DeviceSynchronize,
    EventQuery,
    EventRecord,
    EventSynchronize,
    Free,
    FreeAsync,
    GraphLaunch,
    HostBarrier,
    HostWork,
    Launch,
    LaunchHostFunc,
    Malloc,
    MallocAsync,
    Memcpy,
    Memset,
    Op,
    RangePop,
    RangePush,
    SetReleaseThreshold,
    StreamOp,
    StreamSynchronize,
    StreamWaitEvent,
)

__all__ = ["device_of", "prepare", "steps"]

_ISSUE: dict[type[Op], Callable[[Issuer, Any], Issue]] = {
    AllReduce: issue_work.issue_all_reduce,
    DeviceSynchronize: issue_order.issue_device_synchronize,
    EventQuery: issue_order.issue_event_query,
    EventRecord: issue_order.issue_event_record,
    EventSynchronize: issue_order.issue_event_synchronize,
    Free: issue_memory.issue_free,
    FreeAsync: issue_memory.issue_free_async,
    GraphLaunch: issue_work.issue_graph_launch,
    HostBarrier: issue_host.issue_host_barrier,
    HostWork: issue_host.issue_host_work,
    Launch: issue_work.issue_launch,
    LaunchHostFunc: issue_host.issue_host_func,
    Malloc: issue_memory.issue_malloc,
    MallocAsync: issue_memory.issue_malloc_async,
    Memcpy: issue_work.issue_memcpy,
    Memset: issue_work.issue_memset,
    RangePop: issue_host.issue_range_pop,
    RangePush: issue_host.issue_range_push,
    SetReleaseThreshold: issue_memory.issue_release_threshold,
    StreamSynchronize: issue_order.issue_stream_synchronize,
    StreamWaitEvent: issue_order.issue_stream_wait_event,
}


def steps(at: Issuer, ops: Iterable[Op], device: int) -> list[list[Issue]]:
    """Prepare operations: the calls of each; ``device`` is current before the first.

    Where the device changes, ``cudaSetDevice`` comes first.
    """
    made: list[list[Issue]] = []
    current: int | None = device
    for op in ops:
        wanted = device_of(op)
        calls: list[Issue] = []
        if wanted is not None and wanted != current:
            current = wanted
            calls.append(at.call("cudaSetDevice", at.api.runtime.cudaSetDevice, wanted))
        calls.append(prepare(at, op))
        if isinstance(op, AllReduce):
            current = None
        made.append(calls)
    return made


def prepare(at: Issuer, op: Op) -> Issue:
    """Prepare one operation, with the collector's measuring around it."""
    at.loaded = None
    issue = _ISSUE[type(op)](at, op)
    instrument = at.stage.instrument
    if instrument is None or at.capturing:
        return issue
    streams = [at.placed(stream) for stream in streams_of(op)]
    if isinstance(op, GraphLaunch):
        streams = streams[:1]
    return instrument.wrap(op, issue, streams, at.loaded)


def device_of(op: Op) -> int | None:
    """The device that must be current for an operation; None when it does not matter."""
    if isinstance(op, StreamOp):
        return op.stream.device
    if isinstance(op, Malloc | Free):
        return op.span.buffer.device
    return op.device if isinstance(op, DeviceSynchronize) else None
