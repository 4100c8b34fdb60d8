"""nsys's numbers in the trace's words."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "COPY_KINDS",
    "MARKS",
    "MEMORY_KINDS",
    "NONE",
    "PUSH_POP",
    "START_END",
    "STREAM_KINDS",
    "SYNC_KINDS",
]

NONE = 0xFFFFFFFF
"""What stands for no stream and for no event."""

COPY_KINDS: Sequence[str | None] = (
    None,
    "HtoD",
    "DtoH",
    "HtoD",  # to an array
    "DtoH",
    "DtoD",
    "DtoD",
    "DtoD",
    "DtoD",
    "HtoH",
    "PtoP",
    "HtoD",  # unified memory that migrates
    "DtoH",
    "DtoD",
)
"""``ENUM_CUDA_MEMCPY_OPER``. Of the first, memory kinds tell the direction."""

MEMORY_KINDS: Sequence[str] = (
    "pageable",
    "pinned",
    "device",
    "array",
    "managed",
    "device",  # static
    "managed",
    "unknown",
)
"""``ENUM_CUDA_MEM_KIND``: CUPTI's, less one."""

STREAM_KINDS: Sequence[str | None] = (None, "blocking", "non_blocking", "legacy")
"""``ENUM_CUPTI_STREAM_TYPE``."""

SYNC_KINDS: Sequence[str | None] = (
    None,
    "event_synchronize",
    "stream_wait_event",
    "stream_synchronize",
    "device_synchronize",
)
"""``ENUM_CUPTI_SYNC_TYPE``; what nsys before 2026.2 wrote was not this number."""

PUSH_POP = (59, 70)
"""``eventType`` in NVTX_EVENTS of ranges on one thread; 70 to 71 come from NVTX as text."""
START_END = (60, 71)
MARKS = (34, 65)
