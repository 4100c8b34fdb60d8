"""Kernel arguments in memory, as ``cuLaunchKernelEx`` reads them."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence

import numpy as np

from timeline.program import Scalar, Span

__all__ = ["Params"]

_SLOT_BYTES = 16


class Params:
    """An array of pointers to arguments, and the arguments.

    A Span becomes a 64-bit device address, a NumPy scalar keeps its type, a Python int becomes an
    int64, a float a float32, a bool a bool.

    Parameters
    ----------
    arguments : sequence of Span or scalar
        In the order of the kernel's parameters.
    extra : sequence of int
        Addresses that follow them.

    Attributes
    ----------
    address : int
        Of the array of pointers; 0 without arguments. Valid as long as this object lives.
    sizes : tuple of int
        Bytes of each argument.
    """

    def __init__(self, arguments: Sequence[Span | Scalar], extra: Sequence[int] = ()) -> None:
        values = [np.uint64(0) if isinstance(a, Span) else _scalar(a) for a in arguments]
        values += [np.uint64(address) for address in extra]
        self.sizes = tuple(value.nbytes for value in values)
        self._data = np.zeros(max(1, len(values)) * _SLOT_BYTES, np.uint8)
        for index, value in enumerate(values):
            start = index * _SLOT_BYTES
            self._data[start : start + value.nbytes] = np.frombuffer(value.tobytes(), np.uint8)
        base = self._data.ctypes.data
        self._pointers = base + _SLOT_BYTES * np.arange(len(values), dtype=np.uint64)
        self.address = int(self._pointers.ctypes.data) if values else 0
        self._slots = [
            (ctypes.c_uint64.from_address(base + index * _SLOT_BYTES), a.buffer.id, a.offset)
            for index, a in enumerate(arguments)
            if isinstance(a, Span)
        ]

    def resolve(self, addresses: Mapping[int, int]) -> None:
        """Write the address of each Span, from the addresses of buffers by id."""
        for slot, buffer, offset in self._slots:
            slot.value = addresses[buffer] + offset

    def names(self, buffers: frozenset[int]) -> bool:
        """Whether an argument lies in one of these buffers (ids)."""
        return any(buffer in buffers for _, buffer, _ in self._slots)


def _scalar(value: Scalar) -> np.generic:
    if isinstance(value, np.generic):
        return value
    if isinstance(value, bool):
        return np.bool_(value)
    return np.int64(value) if isinstance(value, int) else np.float32(value)
