"""The tables of a trace: names, columns, types. Times are int64 ns on one clock.

Column names follow CUPTI's activity records. Every table may be empty; a column that a source
can't fill is null.
"""

from __future__ import annotations

import pyarrow as pa

VERSION = 2
"""Version of the native format; a reader refuses a newer one.

2 brought ``device_ranges`` and ``collectives``; a trace of version 1 has none of them.
"""

_NAME = pa.dictionary(pa.int32(), pa.string())
_DIM3 = pa.list_(pa.int32(), 3)


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


ACTIVITIES = _schema(
    kind=_NAME,  # kernel, memcpy, memset, host_func, graph (a whole launch, traced as one)
    name=_NAME,
    start=pa.int64(),
    end=pa.int64(),
    device=pa.int32(),
    context=pa.int32(),
    stream=pa.int64(),
    engine=_NAME,  # timeline.engines
    correlation=pa.int64(),  # of the call that issued it; unique within a process
    bytes=pa.int64(),
    copy_kind=_NAME,  # HtoD, DtoH, DtoD, PtoP, HtoH
    src_kind=_NAME,  # pageable, pinned, device, managed, array, unknown
    dst_kind=_NAME,
    src_device=pa.int32(),
    dst_device=pa.int32(),
    grid=_DIM3,
    block=_DIM3,
    cluster=_DIM3,
    registers=pa.int32(),  # a thread
    static_shared=pa.int32(),  # bytes a block
    dynamic_shared=pa.int32(),
    graph=pa.int64(),
    graph_node=pa.int64(),
    pdl=pa.bool_(),
    cooperative=pa.bool_(),
    queued=pa.int64(),  # put into the command buffer
    submitted=pa.int64(),  # handed to the GPU
    process=pa.int64(),
)
"""What the GPU did: one row a kernel, copy, memset or host function."""

CALLS = _schema(
    name=_NAME,
    api=_NAME,  # runtime, driver
    start=pa.int64(),
    end=pa.int64(),
    process=pa.int64(),
    thread=pa.int64(),
    correlation=pa.int64(),
    return_code=pa.int32(),
)
"""Runtime and driver calls of host threads."""

RANGES = _schema(
    name=_NAME,
    kind=_NAME,  # push_pop, start_end, mark
    domain=_NAME,
    category=_NAME,
    color=pa.uint32(),  # ARGB
    payload=pa.string(),
    start=pa.int64(),
    end=pa.int64(),
    process=pa.int64(),
    thread=pa.int64(),
    stream=pa.int64(),  # that its arguments name, as PyTorch's launches of Triton's kernels do
)
"""NVTX ranges and marks, and the host's own work (domain ``timeline``, category ``host_work``)."""

DEVICE_RANGES = _schema(
    name=_NAME,
    category=_NAME,
    start=pa.int64(),
    end=pa.int64(),
    device=pa.int32(),
    stream=pa.int64(),
    process=pa.int64(),
)
"""Ranges on the device: from the first start to the last end of what a host range launched."""

COLLECTIVES = _schema(
    name=_NAME,  # allreduce, reduce_scatter, ... as the library calls it
    origin=_NAME,  # activity: start and end of the kernel; host: of the call that issued it
    start=pa.int64(),
    end=pa.int64(),
    device=pa.int32(),
    stream=pa.int64(),
    process=pa.int64(),
    thread=pa.int64(),
    correlation=pa.int64(),  # of the activity
    dtype=_NAME,
    in_elements=pa.int64(),
    out_elements=pa.int64(),
    in_split=_NAME,  # a JSON list
    out_split=_NAME,
    group=_NAME,
    group_description=_NAME,
    group_size=pa.int32(),
    group_ranks=_NAME,  # a JSON list, perhaps shortened by who wrote it
    rank_start=pa.int64(),
    rank_stride=pa.int64(),
    source_rank=pa.int64(),
    destination_rank=pa.int64(),
    sequence=pa.int64(),
)
"""Arguments of collective operations (NCCL and others), one row an activity or host call."""

SYNCS = _schema(
    kind=_NAME,  # event_synchronize, stream_wait_event, stream_synchronize, device_synchronize
    start=pa.int64(),
    end=pa.int64(),
    device=pa.int32(),
    context=pa.int32(),
    stream=pa.int64(),
    event=pa.int64(),
    process=pa.int64(),
    thread=pa.int64(),
    correlation=pa.int64(),
)
"""Synchronisations: host spans, and the stream waits that were issued."""

EVENTS = _schema(
    event=pa.int64(),
    device=pa.int32(),
    context=pa.int32(),
    stream=pa.int64(),
    correlation=pa.int64(),
    timestamp=pa.int64(),  # when the device reached it, if collected
    process=pa.int64(),
)
"""Event records: one row a ``cudaEventRecord``."""

STREAMS = _schema(
    device=pa.int32(),
    context=pa.int32(),
    stream=pa.int64(),
    kind=_NAME,  # blocking, non_blocking, legacy, per_thread
    priority=pa.int32(),
    name=pa.string(),
    process=pa.int64(),
)
"""Streams, with how they synchronise with the legacy default stream."""

STAMPS = _schema(
    correlation=pa.int64(),  # of the kernel's launch
    device=pa.int32(),
    block=pa.int32(),
    sm=pa.int32(),
    role=_NAME,  # loader, compute, storer, prologue, wait, epilogue, body, ...
    tile=pa.int32(),
    start=pa.int64(),
    end=pa.int64(),
)
"""Spans inside kernels, written by the kernels themselves (``%globaltimer``)."""

ALLOCS = _schema(
    kind=_NAME,  # malloc, free, malloc_async, free_async
    start=pa.int64(),  # of the host call; the point in time when only that is known
    end=pa.int64(),
    device=pa.int32(),
    stream=pa.int64(),
    bytes=pa.int64(),
    address=pa.uint64(),
    memory_kind=_NAME,
    pool=pa.uint64(),
    pool_used=pa.int64(),  # bytes of the pool in use, and held, after the call
    pool_reserved=pa.int64(),
    process=pa.int64(),
    thread=pa.int64(),
    correlation=pa.int64(),
)
"""Allocations and frees."""

TABLES: dict[str, pa.Schema] = {
    "activities": ACTIVITIES,
    "calls": CALLS,
    "ranges": RANGES,
    "device_ranges": DEVICE_RANGES,
    "collectives": COLLECTIVES,
    "syncs": SYNCS,
    "events": EVENTS,
    "streams": STREAMS,
    "stamps": STAMPS,
    "allocs": ALLOCS,
}
