"""Synchronisations, events and allocations: what orders work, and what it waits for."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa

from timeline.backends.cuda.cupti.context import Callers, Contexts
from timeline.backends.cuda.cupti.fields import (
    Array,
    Records,
    known,
    nonzero,
    unsigned,
)
from timeline.backends.cuda.cupti.kinds import MEMORY_KINDS, SYNC_KINDS
from timeline.trace import table
from timeline.trace.columns import Masked

__all__ = ["allocs", "events", "syncs"]

_NONE = 0xFFFFFFFF
_ALLOC_KINDS = ("malloc", "free", "malloc_async", "free_async")
_RELEASE = 2  # CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_RELEASE
_LOCAL_POOL = 1  # CUPTI_ACTIVITY_MEMORY_POOL_TYPE_LOCAL


def syncs(records: Records, contexts: Contexts, callers: Callers) -> pa.Table:
    """Rows of ``syncs``; those of a kind that CUPTI doesn't name are left out."""
    records = records.where((records["type"] > 0) & (records["type"] < len(SYNC_KINDS)))
    correlation = unsigned(records, "correlationId")
    context = records["contextId"]
    return table(
        "syncs",
        {
            "kind": (records["type"] - 1, SYNC_KINDS[1:]),
            "start": records["start"],
            "end": records["end"],
            "device": known(contexts.device_of(context)),
            "context": known(context),
            "stream": known(unsigned(records, "streamId"), _NONE),
            "event": known(unsigned(records, "cudaEventId"), _NONE),
            "process": _process(records),
            "thread": known(callers.of(correlation)[0]),
            "correlation": correlation,
        },
        len(records),
    )


def events(records: Records, contexts: Contexts, window: tuple[int, int]) -> tuple[pa.Table, bool]:
    """Rows of ``events``, and whether device times were left out.

    Parameters
    ----------
    window : (int, int)
        CUPTI's clock at the start and now. A device time outside is not on that clock.
    """
    context = records["contextId"]
    device = contexts.device_of(context)
    timestamp: Masked | None = None
    foreign = False
    if "deviceTimestamp" in records:
        times = records["deviceTimestamp"]
        inside = (times != 0) & (times >= window[0]) & (times <= window[1])
        foreign = bool((~inside & (times != 0)).any())
        timestamp = Masked(times, ~inside)
        told = records["deviceId"]
        device = np.where(device >= 0, device, told)
    columns = {
        "event": known(unsigned(records, "eventId"), _NONE),
        "device": known(device),
        "context": known(context),
        "stream": known(unsigned(records, "streamId"), _NONE),
        "correlation": unsigned(records, "correlationId"),
        "process": _process(records),
    }
    if timestamp is not None:
        columns["timestamp"] = timestamp
    return table("events", columns, len(records)), foreign


def allocs(records: Records, callers: Callers) -> pa.Table:
    """Rows of ``allocs``: spans of the calls, or the moment where the call was not traced."""
    correlation = unsigned(records, "correlationId")
    thread, start, end = callers.of(correlation)
    moment = records["timestamp"]
    kind = (records["memoryOperationType"] == _RELEASE) + 2 * (records["isAsync"] != 0)
    memory = np.where(records["memoryKind"] < len(MEMORY_KINDS), records["memoryKind"], 0)
    pooled = records["memoryPoolConfig.memoryPoolType"] == _LOCAL_POOL
    words = tuple(dict.fromkeys(MEMORY_KINDS))
    codes = np.array([words.index(word) for word in MEMORY_KINDS], np.int32)
    return table(
        "allocs",
        {
            "kind": (kind.astype(np.int32), _ALLOC_KINDS),
            "start": np.where(start >= 0, start, moment),
            "end": np.where(end >= 0, end, moment),
            "device": known(records["deviceId"]),
            "stream": known(unsigned(records, "streamId"), _NONE),
            "bytes": records["bytes"],
            "address": records["address"],
            "memory_kind": (codes[memory], words),
            "pool": nonzero(records["memoryPoolConfig.address"]),
            "pool_used": _where(pooled, records["memoryPoolConfig.utilizedSize"]),
            "pool_reserved": _where(pooled, records["memoryPoolConfig.pool.size"]),
            "process": records["processId"],
            "thread": known(thread),
            "correlation": correlation,
        },
        len(records),
    )


def _where(valid: Array, values: Array) -> Masked:
    return Masked(values, ~valid)


def _process(records: Records) -> Array:
    return np.full(len(records), os.getpid(), np.int64)
