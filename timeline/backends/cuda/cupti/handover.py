"""The buffer callbacks as machine code, so that CUPTI's threads never wait for Python.

CUPTI asks for and returns buffers under its own locks. A callback in Python needs the GIL there,
while a thread that holds the GIL inside a CUDA call, as CuPy's do, may wait for such a lock: both
then wait for ever (seen with ``cudaEventRecord``, CUPTI 13.0). ``handover.json`` holds the code
that ``tools/cupti_handover.py`` makes of ``tools/cupti_handover.c``.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import platform
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NativePool"]

_CAPACITY = 1 << 16
"""Buffers at most: 512 GiB of 8 MiB."""


class _Done(ctypes.Structure):
    _fields_ = [("address", ctypes.c_uint64), ("valid", ctypes.c_uint64)]


class _State(ctypes.Structure):
    _fields_ = [
        ("lock", ctypes.c_uint32),
        ("unused", ctypes.c_uint32),
        ("size", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("taken", ctypes.c_uint64),
        ("capacity", ctypes.c_uint64),
        ("free_count", ctypes.c_uint64),
        ("free", ctypes.c_void_p),
        ("done_first", ctypes.c_uint64),
        ("done_count", ctypes.c_uint64),
        ("done", ctypes.c_void_p),
        ("map", ctypes.c_void_p),
    ]


class NativePool:
    """Buffers that are free, and those that came back full; served without Python.

    Made once a process and never freed: CUPTI keeps the callbacks' addresses.

    Parameters
    ----------
    size : int
        Bytes of a buffer.
    ready : int
        Free buffers that :meth:`prepare` sees to and :meth:`trim` leaves.

    Raises
    ------
    OSError
        On a processor without code, or where memory can't be made executable.
    """

    def __init__(self, size: int, ready: int) -> None:
        code = _code()
        self.size = size
        self._ready = ready
        self._libc: Any = ctypes.CDLL(None, use_errno=True)
        self._libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self._libc.mmap.restype = ctypes.c_void_p
        self._libc.mmap.argtypes = [
            *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int),
            ctypes.c_long,
        ]
        self._memory = mmap.mmap(-1, code["state"] + mmap.PAGESIZE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        text = bytes.fromhex(code["code"])
        self._memory[: len(text)] = text
        self._protect(start, code["state"])
        self._arrays = mmap.mmap(-1, _CAPACITY * (8 + ctypes.sizeof(_Done)))
        arrays = ctypes.addressof(ctypes.c_char.from_buffer(self._arrays))
        self._state = _State.from_address(start + code["state"])
        self._state.size, self._state.capacity = size, _CAPACITY
        self._state.free, self._state.done = arrays, arrays + 8 * _CAPACITY
        self._state.map = ctypes.cast(self._libc.mmap, ctypes.c_void_p).value
        self.requested: Any = ctypes.c_void_p(start + code["requested"])
        self.completed: Any = ctypes.c_void_p(start + code["completed"])
        self._take: Any = _function(start + code["take"], ctypes.c_int, ctypes.c_void_p)
        self._give: Any = _function(start + code["give"], None, ctypes.c_uint64)
        self._withdraw: Any = _function(start + code["withdraw"], ctypes.c_uint64)

    def _protect(self, start: int, length: int) -> None:
        """From now on the code can be run, and no longer written."""
        protect: Any = self._libc.mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        if protect(start, length, mmap.PROT_READ | mmap.PROT_EXEC):
            raise OSError(ctypes.get_errno(), "memory can't be made executable")

    @property
    def limit_bytes(self) -> int:
        """The most memory to take; CUPTI drops, and counts, records beyond it."""
        return int(self._state.limit)

    @limit_bytes.setter
    def limit_bytes(self, limit: int) -> None:
        self._state.limit = limit

    @property
    def completed_bytes(self) -> int:
        """Bytes of buffers that wait to be decoded."""
        return int(self._state.done_count) * self.size

    def prepare(self) -> None:
        """Have buffers ready, so that the first records don't wait for memory."""
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
        while self._state.free_count < self._ready and self._room():
            made = self._libc.mmap(None, self.size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
            if made is None or made == ctypes.c_void_p(-1).value:
                return
            self._state.taken += self.size
            self._give(made)

    def _room(self) -> bool:
        return bool(self._state.taken + self.size <= self._state.limit)

    def take(self) -> tuple[int, int] | None:
        """Address and valid bytes of the buffer that came back first; None when there is none."""
        done = _Done()
        return (done.address, done.valid) if self._take(ctypes.byref(done)) else None

    def view(self, address: int, valid: int) -> npt.NDArray[np.uint8]:
        """The valid bytes of a buffer that was taken."""
        memory: Any = (ctypes.c_uint8 * self.size).from_address(address)
        return np.frombuffer(memory, np.uint8, valid)

    def recycle(self, address: int, valid: int) -> None:
        """Give a taken buffer back."""
        ctypes.memset(address, 0, valid)  # CUPTI was told that buffers come zeroed
        self._give(address)

    def discard(self) -> None:
        """Give every buffer that came back to the free ones, unread."""
        while done := self.take():
            self.recycle(*done)

    def forked(self) -> None:
        """In a forked child, hand out nothing any more; a thread may have held the lock."""
        self._state.lock = self._state.limit = self._state.free_count = 0

    def trim(self) -> None:
        """Return the memory of free buffers beyond the first few to the system."""
        while self._state.free_count > self._ready and (address := self._withdraw()):
            self._libc.munmap(address, self.size)


def _code() -> dict[str, Any]:
    found = json.loads(Path(__file__).with_suffix(".json").read_text())
    machine = platform.machine()
    if machine not in found:
        raise OSError(f"no code for {machine}")
    code: dict[str, Any] = found[machine]
    return code


def _function(address: int, result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments)(address)
