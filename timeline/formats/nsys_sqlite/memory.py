"""Allocations and frees: rows of ``allocs``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.about import DeviceMap
from timeline.formats.nsys_sqlite.global_ids import known_processes
from timeline.formats.nsys_sqlite.host import Calls
from timeline.formats.nsys_sqlite.rows import Rows, Tables
from timeline.formats.nsys_sqlite.sound import sound
from timeline.formats.nsys_sqlite.words import MEMORY_KINDS, NONE
from timeline.trace import table

__all__ = ["allocs"]

_KINDS = ("malloc", "free", "malloc_async", "free_async")
_COLUMNS = (
    "start",
    "globalPid",
    "deviceId",
    "virtualAddress",
    "bytes",
    "memKind",
    "memoryOperationType",
    "correlationId",
    "streamId",
    "localMemoryPoolAddress",
    "localMemoryPoolSize",
    "localMemoryPoolUtilizedSize",
)


def allocs(tables: Tables, calls: Calls, devices: DeviceMap, intake: Intake) -> pa.Table:
    """Read ``CUDA_GPU_MEMORY_USAGE_EVENTS``, which a capture has with ``--cuda-memory-usage``."""
    rows = tables.integers("CUDA_GPU_MEMORY_USAGE_EVENTS", _COLUMNS)
    needs = ("start", "memoryOperationType")
    rows = sound(rows, intake, needs=needs, times=("start",), int32=("deviceId",))
    if not len(rows):
        return table("allocs", {}, 0)
    issued = calls.issuing(rows)
    pool = rows.masked("localMemoryPoolAddress", 0)
    columns: dict[str, Any] = {
        "kind": (_kinds(rows, calls, issued), _KINDS),
        "start": _times(rows, calls, issued, "start"),
        "end": _times(rows, calls, issued, "end"),
        "device": devices(rows),
        "stream": rows.masked("streamId", NONE),
        "bytes": rows.masked("bytes"),
        "address": _unsigned(rows.masked("virtualAddress")),
        "memory_kind": _memory(rows),
        "pool": _unsigned(pool),
        "pool_reserved": rows.masked("localMemoryPoolSize"),
        "pool_used": rows.masked("localMemoryPoolUtilizedSize"),
        "correlation": rows.masked("correlationId"),
        "process": known_processes(rows),
        "thread": calls.threads(issued),
    }
    return table("allocs", {k: v for k, v in columns.items() if v is not None}, len(rows))


def _kinds(rows: Rows, calls: Calls, issued: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Codes in ``_KINDS``: stream-ordered when the call says so, or a pool is named."""
    codes, texts = calls.names
    ordered = np.array([*("Async" in text or "FromPool" in text for text in texts), False])
    called = np.where(issued >= 0, codes[issued] if len(codes) else 0, -1)
    stream_ordered = ordered[called]
    if "localMemoryPoolAddress" in rows:
        stream_ordered = stream_ordered | (rows["localMemoryPoolAddress"] != 0)
    frees = rows["memoryOperationType"] == 1
    return np.asarray(frees + 2 * stream_ordered, np.int32)


def _times(rows: Rows, calls: Calls, issued: npt.NDArray[np.int64], column: str) -> Any:
    """Of the call; where that is not known, the point in time that nsys gives."""
    if not len(calls.rows):
        return rows["start"]
    return np.where(issued >= 0, calls.rows[column][issued], rows["start"])


def _unsigned(values: Any) -> Any:
    """Addresses, which SQLite keeps as signed numbers."""
    if values is None:
        return None
    if isinstance(values, np.ma.MaskedArray):
        data = np.ma.getdata(values).view(np.uint64)
        return np.ma.masked_array(data, np.ma.getmaskarray(values))
    return values.view(np.uint64)


def _memory(rows: Rows) -> Any:
    if "memKind" not in rows:
        return None
    words = tuple(dict.fromkeys(MEMORY_KINDS))
    codes = np.array([words.index(kind) for kind in MEMORY_KINDS], np.int32)
    kinds = rows["memKind"]
    known = (kinds >= 0) & (kinds < len(MEMORY_KINDS))
    return np.where(known, codes[np.where(known, kinds, 0)], -1), words
