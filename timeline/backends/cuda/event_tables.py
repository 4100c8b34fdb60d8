"""What CUDA events and the host's clock measured, as tables of a trace."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from timeline.backends.cuda.launch import Loaded
from timeline.backends.cuda.stage import Placed
from timeline.engines import engine_of
from timeline.program import (
    AllReduce,
    CopyKind,
    DeviceSynchronize,
    EventRecord,
    EventSynchronize,
    Free,
    FreeAsync,
    GraphLaunch,
    Launch,
    Malloc,
    MallocAsync,
    Memcpy,
    Memset,
    Op,
    StreamSynchronize,
    StreamWaitEvent,
)
from timeline.trace import table

__all__ = ["Measured", "Site", "tables"]

Span = tuple[int, int]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """An operation where it is issued.

    Attributes
    ----------
    streams : tuple of Placed
        Streams that it goes into.
    pairs : tuple of (event, event)
        Events before and after it, a pair a stream; none for what no engine does.
    """

    op: Op
    streams: tuple[Placed, ...]
    loaded: Loaded | None
    pairs: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A call in one repeat: its host span, and the spans on its streams (ns)."""

    site: Site
    start: int
    end: int
    thread: int
    correlation: int
    spans: tuple[tuple[Placed, Span], ...]


def tables(measured: Sequence[Measured]) -> dict[str, pa.Table]:
    """The tables activities, calls, syncs, events and allocs."""
    return {
        "activities": _table("activities", (r for m in measured for r in activities(m))),
        "calls": _table("calls", (r for m in measured for r in calls(m))),
        "syncs": _table("syncs", (r for m in measured for r in syncs(m))),
        "events": _table("events", (r for m in measured for r in event_records(m))),
        "allocs": _table("allocs", (r for m in measured for r in allocs(m))),
    }


def _table(name: str, rows: Iterable[Row]) -> pa.Table:
    kept = list(rows)
    names = {key for row in kept for key in row}
    return table(name, {key: [row.get(key) for row in kept] for key in names}, len(kept))


def activities(measured: Measured) -> list[Row]:
    """Rows of what engines did for one call."""
    shared = {"correlation": measured.correlation, "process": os.getpid()}
    described = describe(measured.site.op, measured.site.loaded)
    return [
        {
            **shared,
            **described,
            "start": start,
            "end": end,
            "device": placed.stream.device,
            "stream": placed.id,
        }
        for placed, (start, end) in measured.spans
    ]


def describe(op: Op, loaded: Loaded | None) -> Mapping[str, Any]:
    """Columns that are known without measuring."""
    if isinstance(op, Launch):
        return _kernel(op, loaded)
    if isinstance(op, Memcpy):
        return _copy(op)
    if isinstance(op, Memset):
        row: Row = {"kind": "memset", "name": "memset", "bytes": op.dst.bytes}
        row["dst_kind"] = op.dst.buffer.kind.value
    elif isinstance(op, GraphLaunch):
        row = {"kind": "graph", "name": op.graph.name, "graph": op.graph.id}
    elif isinstance(op, AllReduce):
        row = {"kind": "kernel", "name": op.call, "bytes": op.spans[0].bytes}
    else:
        return {}
    return {**row, "engine": engine_of(row["kind"])}


def _kernel(op: Launch, loaded: Loaded | None) -> Row:
    return {
        "kind": "kernel",
        "name": loaded.symbol if loaded else op.kernel.name,
        "engine": engine_of("kernel"),
        "grid": list(op.grid),
        "block": list(op.block),
        "cluster": list(op.cluster),
        "registers": loaded.registers if loaded else None,
        "static_shared": loaded.static_shared_bytes if loaded else None,
        "dynamic_shared": op.dynamic_shared_bytes,
        "pdl": op.pdl,
        "cooperative": op.cooperative,
    }


def _copy(op: Memcpy) -> Row:
    src, dst = op.src.buffer, op.dst.buffer
    return {
        "kind": "memcpy",
        "name": f"memcpy {op.kind.value}",
        "engine": engine_of("memcpy", op.kind.value),
        "bytes": op.bytes,
        "copy_kind": op.kind.value,
        "src_kind": src.kind.value,
        "dst_kind": dst.kind.value,
        "src_device": None if src.kind.on_host else src.device,
        "dst_device": None if dst.kind.on_host else dst.device,
    }


def call_name(op: Op) -> str:
    """Name of the CUDA call; empty for what is none."""
    if isinstance(op, Memcpy):
        if op.kind is CopyKind.PTOP:
            return "cudaMemcpyPeerAsync"
        return "cudaMemcpy" if op.blocking else "cudaMemcpyAsync"
    return "cudaMemsetAsync" if isinstance(op, Memset) else op.call


def calls(measured: Measured) -> list[Row]:
    """The row of the host call."""
    name = call_name(measured.site.op)
    api = "runtime" if name.startswith(("cuda", "nccl")) else "driver"
    return [{"name": name, "api": api, "return_code": 0, **_host(measured)}] if name else []


def _host(measured: Measured) -> Row:
    return {
        "start": measured.start,
        "end": measured.end,
        "process": os.getpid(),
        "thread": measured.thread,
        "correlation": measured.correlation,
    }


_SYNCS: Mapping[type[Op], str] = {
    EventSynchronize: "event_synchronize",
    StreamWaitEvent: "stream_wait_event",
    StreamSynchronize: "stream_synchronize",
    DeviceSynchronize: "device_synchronize",
}


def syncs(measured: Measured) -> list[Row]:
    """The row of a synchronisation."""
    op, streams = measured.site.op, measured.site.streams
    kind = _SYNCS.get(type(op))
    if kind is None:
        return []
    row: Row = {"kind": kind, **_host(measured)}
    if streams:
        row |= {"stream": streams[0].id, "device": streams[0].stream.device}
    if isinstance(op, EventSynchronize | StreamWaitEvent):
        row["event"] = op.event.id
    if isinstance(op, DeviceSynchronize):
        row["device"] = op.device
    return [row]


def event_records(measured: Measured) -> list[Row]:
    """The row of an event record."""
    op = measured.site.op
    if not isinstance(op, EventRecord):
        return []
    placed = measured.site.streams[0]
    row: Row = {"event": op.event.id, "stream": placed.id, "device": placed.stream.device}
    return [{**row, "correlation": measured.correlation, "process": os.getpid()}]


_ALLOCS: Mapping[type[Op], str] = {
    Malloc: "malloc",
    Free: "free",
    MallocAsync: "malloc_async",
    FreeAsync: "free_async",
}


def allocs(measured: Measured) -> list[Row]:
    """The row of an allocation or free."""
    op = measured.site.op
    if not isinstance(op, Malloc | Free | MallocAsync | FreeAsync):
        return []
    buffer, streams = op.span.buffer, measured.site.streams
    row: Row = {"kind": _ALLOCS[type(op)], "bytes": buffer.bytes, **_host(measured)}
    row |= {"device": buffer.device, "memory_kind": buffer.kind.value}
    return [{**row, "stream": streams[0].id} if streams else row]
