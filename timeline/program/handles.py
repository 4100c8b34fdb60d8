"""The handles that operations name: streams, events, buffers. Small frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Buffer", "Event", "MemoryKind", "Span", "Stream", "StreamKind"]


class StreamKind(StrEnum):
    """How a stream synchronises with the legacy default stream (CUDA Programming Guide)."""

    BLOCKING = "blocking"
    NON_BLOCKING = "non_blocking"
    LEGACY = "legacy"
    PER_THREAD = "per_thread"


class MemoryKind(StrEnum):
    """Where a buffer lives, in CUPTI's words (``CUpti_ActivityMemoryKind``).

    Attributes
    ----------
    on_host : bool
        Whether the host owns the memory.
    """

    PAGEABLE = "pageable"
    PINNED = "pinned"
    DEVICE = "device"
    MANAGED = "managed"

    on_host: bool  # an attribute, not a property: it is read for every operation

    def __init__(self, value: str) -> None:
        self.on_host = value in ("pageable", "pinned")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of one device.

    Attributes
    ----------
    id : int
        Unique in the Program, from 1.
    kind : StreamKind
        A per-thread default stream is a different stream on each host thread that uses it.
    priority : int
        As CUDA has it: lower numbers are served first, 0 is the default.
    """

    id: int
    name: str
    device: int = 0
    kind: StreamKind = StreamKind.BLOCKING
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """A CUDA event. ``timing`` False stands for ``cudaEventDisableTiming``."""

    id: int
    name: str
    device: int = 0
    timing: bool = False


@dataclass(frozen=True, slots=True)
class Buffer:
    """A block of memory.

    Attributes
    ----------
    bytes : int
        Length in bytes.
    device : int
        The device that owns it; -1 for host memory.
    """

    id: int
    name: str
    bytes: int
    kind: MemoryKind = MemoryKind.DEVICE
    device: int = 0

    def span(self, offset: int = 0, length: int | None = None) -> Span:
        """Name ``length`` bytes from ``offset`` on; by default, all of the rest."""
        return Span(self, offset, self.bytes - offset if length is None else length)


@dataclass(frozen=True, slots=True)
class Span:
    """``bytes`` bytes of ``buffer`` from ``offset``."""

    buffer: Buffer
    offset: int
    bytes: int

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least one byte."""
        return (
            self.buffer.id == other.buffer.id
            and self.offset < other.offset + other.bytes
            and other.offset < self.offset + self.bytes
        )
