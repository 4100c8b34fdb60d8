"""Kernels, copies, fills and graph launches: rows of ``activities``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.engines import COPY_NAMES, ENGINES, engine_of
from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.about import DeviceMap
from timeline.formats.nsys_sqlite.global_ids import known_processes
from timeline.formats.nsys_sqlite.rows import Rows, Tables
from timeline.formats.nsys_sqlite.sound import sound
from timeline.formats.nsys_sqlite.strings import Strings
from timeline.formats.nsys_sqlite.words import COPY_KINDS, MEMORY_KINDS, NONE
from timeline.trace import table
from timeline.trace.columns import from_numpy

__all__ = ["SOURCES", "Source"]

Array = npt.NDArray[Any]
Columns = dict[str, Any]

_COPIES, _COPY_NAMES = tuple(COPY_NAMES), tuple(COPY_NAMES.values())
_COPY_ENGINES = np.array([ENGINES.index(engine_of("memcpy", c)) for c in _COPIES], np.int32)
_COPY_CODES = np.array([_COPIES.index(k) if k else -1 for k in COPY_KINDS], np.int32)
_MEMORIES = tuple(dict.fromkeys(MEMORY_KINDS))
_MEMORY_CODES = np.array([_MEMORIES.index(k) for k in MEMORY_KINDS], np.int32)
_ON_HOST = np.array([m in ("pageable", "pinned") for m in _MEMORIES])
_COOPERATIVE = (2, 3)

_SHARED = ("start", "end", "deviceId", "contextId", "streamId", "correlationId", "globalPid")
_DIMENSIONS = {
    name: tuple(f"{name}{lane}" for lane in "XYZ") for name in ("grid", "block", "cluster")
}
_KERNEL = (
    "demangledName",
    "shortName",
    "launchType",
    "registersPerThread",
    "staticSharedMemory",
    "dynamicSharedMemory",
    "graphNodeId",
    "graphId",
    *(lane for lanes in _DIMENSIONS.values() for lane in lanes),
)
_COPY = ("bytes", "copyKind", "srcKind", "dstKind", "srcDeviceId", "dstDeviceId", "graphNodeId")
_FILL = ("bytes", "memKind", "graphNodeId")
_GRAPH = ("graphId", "graphExecId")


@dataclass(frozen=True)
class Source:
    """A table of activities.

    Attributes
    ----------
    columns : sequence of str
        Those it has besides what all of them share.
    int32 : sequence of str
        Those of them that must fit 32 bits.
    """

    table: str
    columns: Sequence[str]
    int32: Sequence[str]
    own: Callable[[Rows, Strings], Columns]

    def read(self, tables: Tables, intake: Intake) -> Rows:
        """The sound rows."""
        rows = tables.integers(self.table, (*_SHARED, *self.columns))
        narrow = ("deviceId", "contextId", *self.int32)
        needs = ("start", "end", "deviceId", "streamId")
        return sound(rows, intake, needs=needs, times=("start", "end"), int32=narrow)

    def activities(self, rows: Rows, strings: Strings, devices: DeviceMap) -> pa.Table:
        """The rows as activities."""
        shared: Columns = {
            "start": rows["start"],
            "end": rows["end"],
            "device": devices(rows),
            "context": rows.masked("contextId", 0),
            "stream": rows.masked("streamId", NONE),
            "correlation": rows.masked("correlationId", 0),
            "process": known_processes(rows),
        }
        return table("activities", _known({**shared, **self.own(rows, strings)}), len(rows))


def _known(columns: Mapping[str, Any]) -> Columns:
    return {name: values for name, values in columns.items() if values is not None}


def _where(values: Array, null: npt.NDArray[np.bool_]) -> Array:
    masked: Array = np.ma.masked_array(values, null) if null.any() else values
    return masked


def _constant(count: int, name: str) -> tuple[Array, list[str]]:
    return np.zeros(count, np.int32), [name]


def _kernels(rows: Rows, strings: Strings) -> Columns:
    named = "demangledName" if "demangledName" in rows else "shortName"
    launch = rows.masked("launchType", 0)
    return {
        "kind": _constant(len(rows), "kernel"),
        "name": strings.names(rows, named, "[unnamed kernel]"),
        "engine": _constant(len(rows), engine_of("kernel")),
        "grid": _lanes(rows, "grid"),
        "block": _lanes(rows, "block"),
        "cluster": _lanes(rows, "cluster", least=1),  # 0 without clusters
        "registers": rows.masked("registersPerThread"),
        "static_shared": rows.masked("staticSharedMemory"),
        "dynamic_shared": rows.masked("dynamicSharedMemory"),
        "graph": rows.masked("graphId", 0),
        "graph_node": rows.masked("graphNodeId", 0),
        "cooperative": None if launch is None else _among(launch, _COOPERATIVE),
    }


def _among(values: Array, wanted: Sequence[int]) -> Array:
    data = np.ma.getdata(values)
    found = np.logical_or.reduce([data == value for value in wanted])
    return _where(found, np.ma.getmaskarray(values))


def _lanes(rows: Rows, name: str, least: int = 0) -> Any:
    """A dimension of a launch, null where it is not known; None if the table lacks it."""
    lanes = _DIMENSIONS[name]
    if not all(lane in rows for lane in lanes):
        return None
    found = np.empty((len(rows), len(lanes)), np.int32)
    for column, lane in enumerate(lanes):
        found[:, column] = np.maximum(rows[lane], least) if least else rows[lane]
    null = rows.null(lanes[0])
    if not null.any():
        return found
    flat, mask = from_numpy(found.reshape(-1), pa.int32()), from_numpy(null, pa.bool_())
    return pa.FixedSizeListArray.from_arrays(flat, len(lanes), mask=mask)


def _copies(rows: Rows, _: Strings) -> Columns:
    src, dst = _memory(rows, "srcKind"), _memory(rows, "dstKind")
    copy = _directions(rows, src, dst)
    return {
        "kind": _constant(len(rows), "memcpy"),
        "name": (copy, _COPY_NAMES),
        "engine": (_COPY_ENGINES[copy], ENGINES),
        "bytes": rows.masked("bytes"),
        "copy_kind": (copy, _COPIES),
        "src_kind": (src, _MEMORIES),
        "dst_kind": (dst, _MEMORIES),
        "src_device": _device(rows, "srcDeviceId"),
        "dst_device": _device(rows, "dstDeviceId"),
        "graph_node": rows.masked("graphNodeId", 0),
    }


def _memory(rows: Rows, column: str) -> Array:
    """Codes in ``_MEMORIES`` of a column of memory kinds; -1 where it tells none."""
    if column not in rows:
        return np.full(len(rows), -1, np.int32)
    kinds = rows[column]
    known = (kinds >= 0) & (kinds < len(MEMORY_KINDS)) & ~rows.null(column)
    return np.where(known, _MEMORY_CODES[np.where(known, kinds, 0)], -1).astype(np.int32)


def _device(rows: Rows, column: str) -> Array | None:
    """A device of a copy; whatever can't be its number stands for none."""
    if column not in rows:
        return None
    devices = rows[column]
    return _where(devices, rows.null(column) | (devices < 0) | (devices >= NONE >> 1))


def _directions(rows: Rows, src: Array, dst: Array) -> Array:
    """Codes in ``_COPIES``; what is not told follows from where the memory is."""
    kinds = rows.get("copyKind", np.zeros(len(rows), np.int64))
    inside = (kinds >= 0) & (kinds < len(COPY_KINDS))
    told = _COPY_CODES[np.where(inside, kinds, 0)]
    if (told >= 0).all():
        return told
    from_host, to_host = (src >= 0) & _ON_HOST[src], (dst >= 0) & _ON_HOST[dst]
    between = (from_host & ~to_host, ~from_host & to_host, from_host & to_host)
    places = [_COPIES.index(kind) for kind in ("HtoD", "DtoH", "HtoH")]
    inferred = np.select(between, places, _COPIES.index("DtoD"))
    return np.where(told >= 0, told, inferred).astype(np.int32)


def _fills(rows: Rows, _: Strings) -> Columns:
    return {
        "kind": _constant(len(rows), "memset"),
        "name": _constant(len(rows), "[CUDA memset]"),
        "engine": _constant(len(rows), engine_of("memset")),
        "bytes": rows.masked("bytes"),
        "dst_kind": (_memory(rows, "memKind"), _MEMORIES),
        "graph_node": rows.masked("graphNodeId", 0),
    }


def _graphs(rows: Rows, _: Strings) -> Columns:
    return {
        "kind": _constant(len(rows), "graph"),
        "name": _constant(len(rows), "[CUDA graph]"),
        "engine": _constant(len(rows), engine_of("graph")),
        "graph": rows.masked("graphId", 0),
    }


SOURCES = (
    Source(
        "CUPTI_ACTIVITY_KIND_KERNEL",
        _KERNEL,
        (
            "registersPerThread",
            "staticSharedMemory",
            "dynamicSharedMemory",
            *(lane for lanes in _DIMENSIONS.values() for lane in lanes),
        ),
        _kernels,
    ),
    Source("CUPTI_ACTIVITY_KIND_MEMCPY", _COPY, (), _copies),
    Source("CUPTI_ACTIVITY_KIND_MEMSET", _FILL, (), _fills),
    Source("CUPTI_ACTIVITY_KIND_GRAPH_TRACE", _GRAPH, (), _graphs),
)
"""The tables of what the GPU did."""
