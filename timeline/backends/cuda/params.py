"""Kernel arguments in memory, as ``cuLaunchKernelEx`` reads them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.tensor_maps import MAP_BYTES
from timeline.program import Arg, Scalar, Span, TensorMap

__all__ = ["Params"]

_SLOT_BYTES = 16
_MAP_ALIGNMENT = 64
Encode = Callable[[TensorMap, int], bytes]


class Params:
    """An array of pointers to arguments, and the arguments.

    A Span becomes a 64-bit device address, a TensorMap 128 bytes, a NumPy scalar keeps its type, a
    Python int becomes an int64, a float a float32, a bool a bool.

    Parameters
    ----------
    arguments : sequence of Span, TensorMap or scalar
        In the order of the kernel's parameters.
    extra : sequence of int
        Addresses that follow them.
    encode : callable, optional
        Makes the bytes of a TensorMap whose tensor is at an address; needed where there is one.

    Attributes
    ----------
    address : int
        Of the array of pointers; 0 without arguments. Valid as long as this object lives.
    sizes : tuple of int
        Bytes of each argument.
    """

    def __init__(
        self, arguments: Sequence[Arg], extra: Sequence[int] = (), encode: Encode | None = None
    ) -> None:
        values = [_value(a) for a in arguments]
        values += [np.uint64(address) for address in extra]
        self.sizes = tuple(value.nbytes for value in values)
        starts, room = _places(self.sizes)
        self._data = np.zeros(room + _MAP_ALIGNMENT, np.uint8)
        base = self._data.ctypes.data
        base += -base % _MAP_ALIGNMENT
        for start, value in zip(starts, values, strict=True):
            ctypes.memmove(base + start, value.tobytes(), value.nbytes)
        self._pointers = base + np.array(starts, np.uint64)
        self.address = int(self._pointers.ctypes.data) if values else 0
        self._slots = [
            (ctypes.c_uint64.from_address(base + start), a.buffer.id, a.offset)
            for start, a in zip(starts, arguments, strict=False)
            if isinstance(a, Span)
        ]
        self._maps = [
            (base + start, a)
            for start, a in zip(starts, arguments, strict=False)
            if isinstance(a, TensorMap)
        ]
        self._encode = encode

    def resolve(self, addresses: Mapping[int, int]) -> None:
        """Write the address of each Span, from the addresses of buffers by id."""
        for slot, buffer, offset in self._slots:
            slot.value = addresses[buffer] + offset
        for place, tensor in self._maps:
            if self._encode is None:
                raise TypeError("a tensor map among the arguments, and nothing to encode it")
            at = addresses[tensor.span.buffer.id] + tensor.span.offset
            ctypes.memmove(place, self._encode(tensor, at), MAP_BYTES)

    def names(self, buffers: frozenset[int]) -> bool:
        """Whether an argument lies in one of these buffers (ids)."""
        return any(buffer in buffers for _, buffer, _ in self._slots) or any(
            tensor.span.buffer.id in buffers for _, tensor in self._maps
        )


def _places(sizes: Sequence[int]) -> tuple[list[int], int]:
    """Where each argument begins, and the bytes of all."""
    starts, at = list[int](), 0
    for size in sizes:
        unit = _MAP_ALIGNMENT if size > _SLOT_BYTES else _SLOT_BYTES
        at += -at % unit
        starts.append(at)
        at += max(size, _SLOT_BYTES)
    return starts, at


def _value(argument: Arg) -> np.generic | npt.NDArray[np.uint8]:
    if isinstance(argument, TensorMap):
        return np.zeros(MAP_BYTES, np.uint8)
    return np.uint64(0) if isinstance(argument, Span) else _scalar(argument)


def _scalar(value: Scalar) -> np.generic:
    if isinstance(value, np.generic):
        return value
    if isinstance(value, bool):
        return np.bool_(value)
    return np.int64(value) if isinstance(value, int) else np.float32(value)
