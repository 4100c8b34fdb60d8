"""Raw buffers that CUPTI fills. The callbacks only hand addresses over; decoding is for later."""

from __future__ import annotations

import ctypes
import mmap
from collections import deque
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.cupti.handover import NativePool

__all__ = ["BUFFER_BYTES", "BufferPool", "route"]

BUFFER_BYTES = 8 << 20
"""CUPTI's own recommendation is 1 to 10 MB; 8 MB hold about 38,000 kernels."""

_READY = 4

_Address = ctypes.POINTER(ctypes.c_void_p)
_Size = ctypes.POINTER(ctypes.c_size_t)
_REQUESTED = ctypes.CFUNCTYPE(None, _Address, _Size, _Size)
_COMPLETED = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t
)


class BufferPool:
    """Buffers that are free, and those that came back full.

    A buffer lives until the pool is asked to :meth:`trim` while it is free, as CUPTI may hold any
    other one.

    Parameters
    ----------
    limit_bytes : int
        The most memory to take; CUPTI drops, and counts, records beyond it.
    """

    def __init__(self, limit_bytes: int, size: int = BUFFER_BYTES) -> None:
        self.size = size
        self.limit_bytes = limit_bytes
        self.completed: deque[tuple[int, int]] = deque()
        self._memory: dict[int, mmap.mmap] = {}
        self._free: deque[int] = deque()

    @property
    def completed_bytes(self) -> int:
        """Bytes of buffers that wait to be decoded."""
        return len(self.completed) * self.size

    def prepare(self) -> None:
        """Have buffers ready, so that the first records don't wait for memory."""
        while len(self._memory) < _READY:
            address = self._allocate(populate=True)
            if address is None:
                return
            self._free.append(address)

    def request(self) -> int | None:
        """Address of an empty, zeroed buffer; None beyond the limit."""
        try:
            return self._free.popleft()
        except IndexError:
            return self._allocate(populate=False)

    def take(self) -> tuple[int, int] | None:
        """Address and valid bytes of the buffer that came back first; None when there is none."""
        return self.completed.popleft() if self.completed else None

    def view(self, address: int, valid: int) -> npt.NDArray[np.uint8]:
        """The valid bytes of a completed buffer."""
        return np.frombuffer(self._memory[address], np.uint8, valid)

    def recycle(self, address: int, valid: int) -> None:
        """Take a decoded buffer back."""
        ctypes.memset(address, 0, valid)  # CUPTI was told that buffers come zeroed
        self._free.append(address)

    def discard(self) -> None:
        """Take every completed buffer back unread."""
        while done := self.take():
            self.recycle(*done)

    def forked(self) -> None:
        """In a forked child, hand out nothing any more."""
        self.limit_bytes = 0
        self._free.clear()

    def trim(self) -> None:
        """Return the memory of free buffers beyond the first few to the system."""
        while len(self._memory) > _READY and self._free:
            self._memory.pop(self._free.popleft(), None)

    def _allocate(self, *, populate: bool) -> int | None:
        if (len(self._memory) + 1) * self.size > self.limit_bytes:
            return None
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        try:
            memory = mmap.mmap(-1, self.size, flags | (mmap.MAP_POPULATE if populate else 0))
        except OSError:  # out of memory; CUPTI drops and counts
            return None
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self._memory[address] = memory
        return address


class _PythonCallbacks:
    """Callbacks for machines that :class:`NativePool` has no code for; they need the GIL."""

    def __init__(self) -> None:
        self.pool = BufferPool(limit_bytes=0)
        self.requested: Any = _REQUESTED(self._requested)
        self.completed: Any = _COMPLETED(self._completed)

    def _requested(self, buffer: Any, size: Any, max_records: Any) -> None:
        address = self.pool.request()
        buffer[0] = address
        size[0] = self.pool.size if address else 0
        max_records[0] = 0

    def _completed(self, _context: Any, _stream: Any, buffer: int, _size: int, valid: int) -> None:
        if buffer:
            self.pool.completed.append((buffer, valid))


@dataclass(frozen=True)
class Route:
    """The process's pool, and the callbacks that serve it. Made once and never freed.

    CUPTI keeps the callbacks' addresses, and perhaps a buffer, until the process ends; its threads
    may use them at any time before that.
    """

    pool: BufferPool | NativePool
    requested: Any
    completed: Any


@cache
def route() -> Route:
    """The process's callbacks."""
    try:
        native = NativePool(BUFFER_BYTES, _READY)
    except OSError:
        python = _PythonCallbacks()
        return Route(python.pool, python.requested, python.completed)
    return Route(native, native.requested, native.completed)
