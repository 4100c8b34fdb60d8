"""Kernels, copies, fills, graphs and host functions: rows of ``activities``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from timeline.backends.cuda.cupti.fields import (
    Array,
    Records,
    constant,
    known,
    nonzero,
    unsigned,
)
from timeline.backends.cuda.cupti.kinds import COPY_KINDS, MEMORY_KINDS, ActivityKind
from timeline.backends.cuda.cupti.names import Strings
from timeline.engines import COPY_NAMES, ENGINES, engine_of
from timeline.trace import table

__all__ = ["activities", "timed"]

_COPIES, _COPY_NAMES = tuple(COPY_NAMES), tuple(COPY_NAMES.values())
_COPY_ENGINES = np.array([ENGINES.index(engine_of("memcpy", c)) for c in _COPIES], np.int32)
_COPY_CODES = np.array([_COPIES.index(k) if k else -1 for k in COPY_KINDS], np.int8)
_MEMORIES = tuple(dict.fromkeys(MEMORY_KINDS))
_MEMORY_CODES = np.array([_MEMORIES.index(k) for k in MEMORY_KINDS], np.int8)
_ON_HOST = np.array([k in ("pageable", "pinned") for k in MEMORY_KINDS])
_COOPERATIVE, _COOPERATIVE_MULTI_DEVICE = 1, 2  # CUPTI_ACTIVITY_LAUNCH_TYPE_*

Columns = dict[str, Any]


def timed(records: Records) -> tuple[Records, int]:
    """Records with times, and how many have none: CUPTI had no device memory left for those."""
    good = (records["start"] > 0) & (records["end"] > 0)
    if good.all():
        return records, 0
    return records.where(good), int(len(records) - np.count_nonzero(good))


def activities(kind: int, records: Records, names: Strings) -> pa.Table:
    """Rows of ``activities`` for records of one kind."""
    made: Mapping[str, Any] = {
        ActivityKind.CONCURRENT_KERNEL: _kernels,
        ActivityKind.MEMCPY: _copies,
        ActivityKind.MEMCPY2: _peer_copies,
        ActivityKind.MEMSET: _fills,
        ActivityKind.GRAPH_HOST_NODE: _host_functions,
        ActivityKind.HOST_LAUNCH: _host_functions,
    }[ActivityKind(kind)](records, names)
    return table("activities", {**_shared(records), **made}, len(records))


def _shared(records: Records) -> Columns:
    columns: Columns = {name: records[name] for name in ("start", "end")}
    columns["device"] = known(records["deviceId"])
    columns["context"] = known(records["contextId"])
    columns["stream"] = known(unsigned(records, "streamId"), 0xFFFFFFFF)
    columns["correlation"] = unsigned(records, "correlationId")
    columns["process"] = np.full(len(records), os.getpid(), np.int64)
    for name, field in (("graph", "graphId"), ("graph_node", "graphNodeId")):
        if field in records:
            columns[name] = nonzero(records[field].astype(np.int64))
    return columns


def _kernels(records: Records, names: Strings) -> Columns:
    cluster, launch = records["cluster"], records["launchType"]
    np.maximum(cluster, 1, out=cluster)  # 0 without clusters
    return {
        "kind": constant(len(records), "kernel"),
        "name": names.codes(records["name"], "[unnamed kernel]"),
        "engine": constant(len(records), engine_of("kernel")),
        "grid": records["grid"],
        "block": records["block"],
        "cluster": cluster,
        "registers": records["registersPerThread"],
        "static_shared": records["staticSharedMemory"],
        "dynamic_shared": records["dynamicSharedMemory"],
        "cooperative": (launch == _COOPERATIVE) | (launch == _COOPERATIVE_MULTI_DEVICE),
        "queued": nonzero(records["queued"]),
        "submitted": nonzero(records["submitted"]),
    }


def _copies(records: Records, _: Strings) -> Columns:
    copy, src, dst = _copy_codes(records)
    return {
        "kind": constant(len(records), "memcpy"),
        "name": (copy, _COPY_NAMES),
        "engine": (_COPY_ENGINES[copy], ENGINES),
        "bytes": records["bytes"],
        "copy_kind": (copy, _COPIES),
        "src_kind": (_MEMORY_CODES[src].astype(np.int32), _MEMORIES),
        "dst_kind": (_MEMORY_CODES[dst].astype(np.int32), _MEMORIES),
    }


def _peer_copies(records: Records, names: Strings) -> Columns:
    columns = _copies(records, names)
    columns["src_device"] = known(records["srcDeviceId"])
    columns["dst_device"] = known(records["dstDeviceId"])
    return columns


def _copy_codes(records: Records) -> tuple[Array, Array, Array]:
    """Codes in ``_COPIES``, and CUPTI's memory kinds of source and destination."""
    src, dst = (
        np.where(records[field] < len(MEMORY_KINDS), records[field], 0)
        for field in ("srcKind", "dstKind")
    )
    kinds = np.where(records["copyKind"] < len(COPY_KINDS), records["copyKind"], 0)
    told = _COPY_CODES[kinds]
    between: Sequence[Array] = (
        _ON_HOST[src] & ~_ON_HOST[dst],
        ~_ON_HOST[src] & _ON_HOST[dst],
        _ON_HOST[src] & _ON_HOST[dst],
    )
    places = [_COPIES.index(kind) for kind in ("HtoD", "DtoH", "HtoH")]
    inferred = np.select(between, places, _COPIES.index("DtoD"))
    return np.where(told >= 0, told, inferred).astype(np.int32), src, dst


def _fills(records: Records, _: Strings) -> Columns:
    memory = np.where(records["memoryKind"] < len(MEMORY_KINDS), records["memoryKind"], 0)
    return {
        "kind": constant(len(records), "memset"),
        "name": constant(len(records), "[CUDA memset]"),
        "engine": constant(len(records), engine_of("memset")),
        "bytes": records["bytes"],
        "dst_kind": (_MEMORY_CODES[memory].astype(np.int32), _MEMORIES),
    }


def _host_functions(records: Records, _: Strings) -> Columns:
    return {
        "kind": constant(len(records), "host_func"),
        "name": constant(len(records), "[CUDA host function]"),
        "engine": constant(len(records), engine_of("host_func")),
    }
