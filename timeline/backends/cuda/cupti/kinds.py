"""CUPTI's enumerations, as far as they are read (``cupti_activity.h``, ``cupti_callbacks.h``)."""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = [
    "COPY_KINDS",
    "MEMORY_KINDS",
    "STREAM_KINDS",
    "SYNC_KINDS",
    "ActivityKind",
    "CallbackDomain",
    "MarkerFlag",
    "PayloadKind",
]


class ActivityKind(IntEnum):
    """``CUpti_ActivityKind``: the first word of every record."""

    MEMCPY = 1
    MEMSET = 2
    DRIVER = 4
    RUNTIME = 5
    DEVICE = 8
    CONTEXT = 9
    CONCURRENT_KERNEL = 10
    MARKER = 12
    MARKER_DATA = 13
    MEMCPY2 = 22  # between devices
    CUDA_EVENT = 36
    STREAM = 37
    SYNCHRONIZATION = 38
    MEMORY2 = 49
    GRAPH_HOST_NODE = 56
    HOST_LAUNCH = 58


class CallbackDomain(IntEnum):
    """``CUpti_CallbackDomain``: whose functions a callback id counts."""

    DRIVER_API = 1
    RUNTIME_API = 2


class MarkerFlag(IntFlag):
    """``CUpti_ActivityFlag`` of a marker."""

    INSTANTANEOUS = 1
    START = 2
    END = 4


class PayloadKind(IntEnum):
    """``CUpti_MetricValueKind``: the type of a marker's payload."""

    DOUBLE = 0
    UINT64 = 1
    PERCENT = 2
    THROUGHPUT = 3
    INT64 = 4


COPY_KINDS = (None, "HtoD", "DtoH", "HtoD", "DtoH", "DtoD", "DtoD", "DtoD", "DtoD", "HtoH", "PtoP")
"""``CUpti_ActivityMemcpyKind`` in the trace's words. Arrays are told by ``src_kind`` and
``dst_kind``; an unknown copy (0) is told by them too."""

MEMORY_KINDS = (
    "unknown",
    "pageable",
    "pinned",
    "device",
    "array",
    "managed",
    "device",  # static
    "managed",
)
"""``CUpti_ActivityMemoryKind``."""

SYNC_KINDS = (
    None,
    "event_synchronize",
    "stream_wait_event",
    "stream_synchronize",
    "device_synchronize",  # CUPTI: CONTEXT_SYNCHRONIZE
)
"""``CUpti_ActivitySynchronizationType``."""

STREAM_KINDS = (None, "blocking", "non_blocking", "legacy")
"""``CUpti_ActivityStreamFlag``."""
