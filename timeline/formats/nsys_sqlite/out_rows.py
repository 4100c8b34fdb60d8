"""The trace's tables as rows of nsys's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.formats.nsys_sqlite.out_ids import Ids, StringTable, numbers
from timeline.formats.nsys_sqlite.words import COPY_KINDS, MEMORY_KINDS, NONE, SYNC_KINDS
from timeline.trace.columns import one_chunk, to_numpy

__all__ = ["ACTIVITIES", "Shaped", "allocs", "calls", "events", "syncs"]

Array = npt.NDArray[Any]
Shaped = Mapping[str, Any]
"""A column of nsys each: an array, its masked values null, or one value for all rows."""


def words(table: pa.Table, name: str, known: Sequence[str | None]) -> Array:
    """A dictionary column as places in a list of words; the first of equal ones; else masked."""
    array = one_chunk(table[name])
    places = [known.index(word) if word in known else -1 for word in array.dictionary.to_pylist()]
    found = np.array([*places, -1], np.int64)[to_numpy(array)]
    return np.ma.masked_array(found, found < 0)


def _or(values: Array, otherwise: int) -> Array:
    return np.ma.filled(values, otherwise)


def _gpu(table: pa.Table, ids: Ids) -> dict[str, Any]:
    return {
        "start": numbers(table, "start"),
        "end": numbers(table, "end"),
        **_place(table, ids),
    }


def _place(table: pa.Table, ids: Ids) -> dict[str, Any]:
    return {
        "deviceId": _or(numbers(table, "device"), -1),
        "contextId": _or(numbers(table, "context"), 0),
        "streamId": _or(numbers(table, "stream"), NONE),
        "correlationId": ids.correlation(table),
        "globalPid": ids.global_pid(table),
    }


def _kernels(table: pa.Table, ids: Ids, strings: StringTable) -> Shaped:
    name = strings.column(table, "name", "[unnamed kernel]")
    cooperative = one_chunk(table["cooperative"])
    known = to_numpy(pc.is_valid(cooperative))
    return {
        **_gpu(table, ids),
        "demangledName": name,
        "shortName": name,
        "mangledName": name,
        "launchType": np.where(known, 1 + to_numpy(cooperative), 0),
        "registersPerThread": numbers(table, "registers"),
        "staticSharedMemory": numbers(table, "static_shared"),
        "dynamicSharedMemory": numbers(table, "dynamic_shared"),
        "graphNodeId": numbers(table, "graph_node"),
        "graphId": numbers(table, "graph"),
        **_dimension(table, "grid"),
        **_dimension(table, "block"),
        **_dimension(table, "cluster"),
    }


def _dimension(table: pa.Table, name: str) -> dict[str, Any]:
    """Lanes of a dimension, null where it is not known."""
    lanes = to_numpy(one_chunk(table[name]))
    unknown = ~lanes.any(axis=1)
    return {
        f"{name}{lane}": np.ma.masked_array(lanes[:, i], unknown) for i, lane in enumerate("XYZ")
    }


def _copies(table: pa.Table, ids: Ids, _: StringTable) -> Shaped:
    return {
        **_gpu(table, ids),
        "bytes": numbers(table, "bytes"),
        "copyKind": _or(words(table, "copy_kind", _COPY_WORDS), 0),
        "srcKind": words(table, "src_kind", MEMORY_KINDS),
        "dstKind": words(table, "dst_kind", MEMORY_KINDS),
        "srcDeviceId": numbers(table, "src_device"),
        "dstDeviceId": numbers(table, "dst_device"),
        "graphNodeId": numbers(table, "graph_node"),
    }


_COPY_WORDS = (*COPY_KINDS[:3], *(None,) * 5, *COPY_KINDS[8:11])
"""Without copies from and to arrays, which the memory kinds tell."""


def _fills(table: pa.Table, ids: Ids, _: StringTable) -> Shaped:
    return {
        **_gpu(table, ids),
        "bytes": numbers(table, "bytes"),
        "memKind": words(table, "dst_kind", MEMORY_KINDS),
        "graphNodeId": numbers(table, "graph_node"),
    }


def _graphs(table: pa.Table, ids: Ids, _: StringTable) -> Shaped:
    graph = _or(numbers(table, "graph"), 0)
    return {**_gpu(table, ids), "graphId": graph, "graphExecId": graph}


ACTIVITIES: Mapping[str, tuple[str, Callable[[pa.Table, Ids, StringTable], Shaped]]] = {
    "kernel": ("CUPTI_ACTIVITY_KIND_KERNEL", _kernels),
    "memcpy": ("CUPTI_ACTIVITY_KIND_MEMCPY", _copies),
    "memset": ("CUPTI_ACTIVITY_KIND_MEMSET", _fills),
    "graph": ("CUPTI_ACTIVITY_KIND_GRAPH_TRACE", _graphs),
}
"""Where activities of each kind go; nsys has no table of host functions."""


def calls(table: pa.Table, ids: Ids, strings: StringTable) -> Shaped:
    """Rows of ``CUPTI_ACTIVITY_KIND_RUNTIME``."""
    return {
        "start": numbers(table, "start"),
        "end": numbers(table, "end"),
        "eventClass": _or(words(table, "api", ("runtime", "driver")), 0),
        "globalTid": ids.global_tid(table),
        "correlationId": ids.correlation(table),
        "nameId": strings.column(table, "name", "[unnamed call]"),
        "returnValue": numbers(table, "return_code"),
    }


def syncs(table: pa.Table, ids: Ids, _: StringTable) -> Shaped:
    """Rows of ``CUPTI_ACTIVITY_KIND_SYNCHRONIZATION``."""
    return {
        **_gpu(table, ids),
        "syncType": _or(words(table, "kind", SYNC_KINDS), 0),
        "eventId": _or(numbers(table, "event"), NONE),
    }


def events(table: pa.Table, ids: Ids, _: StringTable) -> Shaped:
    """Rows of ``CUPTI_ACTIVITY_KIND_CUDA_EVENT``."""
    return {
        **_place(table, ids),
        "timestamp": _or(numbers(table, "timestamp"), 0),
        "eventId": _or(numbers(table, "event"), NONE),
    }


def allocs(table: pa.Table, ids: Ids, _: StringTable) -> Shaped:
    """Rows of ``CUDA_GPU_MEMORY_USAGE_EVENTS``."""
    kinds = _or(words(table, "kind", ("malloc", "free", "malloc_async", "free_async")), 0)
    return {
        "start": numbers(table, "start"),
        "globalPid": ids.global_pid(table),
        "deviceId": _or(numbers(table, "device"), -1),
        "contextId": 0,
        "virtualAddress": _signed(numbers(table, "address")),
        "bytes": numbers(table, "bytes"),
        "memKind": words(table, "memory_kind", MEMORY_KINDS),
        "memoryOperationType": kinds % 2,
        "correlationId": ids.correlation(table),
        "streamId": _or(numbers(table, "stream"), NONE),
        "localMemoryPoolAddress": _signed(numbers(table, "pool")),
        "localMemoryPoolSize": numbers(table, "pool_reserved"),
        "localMemoryPoolUtilizedSize": numbers(table, "pool_used"),
    }


def _signed(values: Array) -> Array:
    """Addresses as the signed numbers that SQLite has."""
    data = np.ma.getdata(values).view(np.int64)
    return np.ma.masked_array(data, np.ma.getmaskarray(values))
