"""Buffers of a Program: allocated before the first repeat, filled before each, freed at the end."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.api import Api
from timeline.errors import DeviceMemoryError, ProgramError
from timeline.program import (
    Buffer,
    Malloc,
    MallocAsync,
    MemoryKind,
    Op,
    Program,
    Span,
)

__all__ = ["POISON", "Memory", "late_buffers"]

POISON = 0xFF
"""Byte that a buffer without a Fill holds: in float32 a NaN, so that nothing passes by luck."""

_PORTABLE_MAPPED = 0x01 | 0x02  # cudaHostAllocPortable | cudaHostAllocMapped
_ATTACH_GLOBAL = 0x01

Bytes = npt.NDArray[np.uint8]


def late_buffers(program: Program) -> frozenset[int]:
    """Ids of the buffers that the Program allocates itself; they have no address before."""
    return frozenset(
        op.span.buffer.id for op in _all_ops(program) if isinstance(op, Malloc | MallocAsync)
    )


def _all_ops(program: Program) -> Iterator[Op]:
    yield from program.ops()
    for graph in program.graphs:
        yield from graph.ops


class Memory:
    """Buffers by id, and the addresses that they have at the moment.

    Attributes
    ----------
    addresses : dict of int to int
        Address of each buffer that is allocated, by the buffer's id.
    """

    def __init__(self, api: Api, program: Program) -> None:
        self._api = api
        self._program = program
        self._late = late_buffers(program)
        self._host: dict[int, Bytes] = {}
        self._fills: dict[int, Bytes] = {}
        self._owned: list[Buffer] = []
        self.addresses: dict[int, int] = {}

    def allocate(self) -> None:
        """Allocate every buffer that the Program does not allocate itself.

        Raises
        ------
        DeviceMemoryError
            When the device or the host has too little memory.
        ProgramError
            When a Fill is for memory that does not exist before the Program runs, or has another
            length than its buffer.
        """
        for fill in self._program.fills:
            if fill.buffer.id in self._late:
                raise ProgramError(
                    f"buffer {fill.buffer.name!r} has a fill, but the Program allocates it itself; "
                    "copy or set its contents in the Program"
                )
            self._fills[fill.buffer.id] = contents(fill.values(), fill.buffer)
        for buffer in self._program.buffers:
            if buffer.id not in self._late:
                self.addresses[buffer.id] = self._allocate(buffer)
                self._owned.append(buffer)

    def _allocate(self, buffer: Buffer) -> int:
        runtime, size = self._api.runtime, buffer.bytes
        if buffer.kind is MemoryKind.PAGEABLE:
            try:
                pages = np.full(size, POISON, np.uint8)
            except MemoryError:
                raise DeviceMemoryError(_too_much(buffer, "host")) from None
            self._host[buffer.id] = pages
            return int(pages.ctypes.data)
        if buffer.kind is MemoryKind.PINNED:
            result = runtime.cudaHostAlloc(size, _PORTABLE_MAPPED)
        else:
            self._api.check(runtime.cudaSetDevice(buffer.device), "cudaSetDevice")
            if buffer.kind is MemoryKind.MANAGED:
                result = runtime.cudaMallocManaged(size, _ATTACH_GLOBAL)
            else:
                result = runtime.cudaMalloc(size)
        address = self._address(result, buffer)
        if buffer.kind is not MemoryKind.DEVICE:
            self._host[buffer.id] = np.ctypeslib.as_array(
                (ctypes.c_uint8 * size).from_address(address)
            )
        return address

    def _address(self, result: tuple[object, ...], buffer: Buffer) -> int:
        try:
            return int(self._api.check(result, f"allocating buffer {buffer.name!r}"))
        except DeviceMemoryError:
            self._api.runtime.cudaGetLastError()
            if buffer.kind.on_host:
                raise DeviceMemoryError(_too_much(buffer, "host")) from None
            status, free, total = self._api.runtime.cudaMemGetInfo()
            left = "" if status else f": {free:,} of {total:,} bytes are free"
            raise DeviceMemoryError(_too_much(buffer, f"device {buffer.device}") + left) from None

    def fill(self) -> None:
        """Give every buffer its contents: its Fill's, or :data:`POISON`."""
        runtime = self._api.runtime
        kind = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        for buffer in self._owned:
            values, host = self._fills.get(buffer.id), self._host.get(buffer.id)
            address, doing = self.addresses[buffer.id], f"filling buffer {buffer.name!r}"
            if host is not None:
                host[:] = POISON if values is None else values
                continue
            self._api.check(runtime.cudaSetDevice(buffer.device), doing)
            if values is None:
                self._api.check(runtime.cudaMemset(address, POISON, buffer.bytes), doing)
            else:
                source = values.ctypes.data
                self._api.check(runtime.cudaMemcpy(address, source, buffer.bytes, kind), doing)

    def read(self, span: Span) -> Bytes:
        """The bytes of a span, on the host. The device must be idle.

        Raises
        ------
        ProgramError
            When its buffer is not allocated any more.
        """
        stop = span.offset + span.bytes
        host = self._host.get(span.buffer.id)
        if host is not None:
            return host[span.offset : stop]
        if span.buffer.id not in self.addresses:
            raise ProgramError(f"buffer {span.buffer.name!r} is freed before its contents are read")
        copy = np.empty(span.bytes, np.uint8)
        source = self.addresses[span.buffer.id] + span.offset
        kind = self._api.runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        result = self._api.runtime.cudaMemcpy(copy.ctypes.data, source, span.bytes, kind)
        self._api.check(result, f"reading buffer {span.buffer.name!r}")
        return copy

    def free_leftovers(self, keep: frozenset[int] = frozenset()) -> None:
        """Free what the Program allocated and did not free, but for the buffers ``keep`` (ids)."""
        for buffer in self._late - keep:
            address = self.addresses.pop(buffer, 0)
            if address:
                self._api.check(self._api.runtime.cudaFree(address), "cudaFree")

    def release(self) -> None:
        """Free everything; errors are ignored, as the context may be lost."""
        runtime = self._api.runtime
        for buffer in self._owned:
            address = self.addresses.pop(buffer.id)
            if buffer.kind is MemoryKind.PINNED:
                runtime.cudaFreeHost(address)
            elif buffer.kind is not MemoryKind.PAGEABLE:
                runtime.cudaFree(address)
        for address in self.addresses.values():
            runtime.cudaFree(address)
        self.addresses.clear()
        self._owned.clear()
        self._host.clear()


def contents(values: npt.NDArray[np.generic], buffer: Buffer) -> Bytes:
    """The bytes of a Fill's array; raises ProgramError when they don't fill the buffer."""
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    if flat.nbytes != buffer.bytes:
        raise ProgramError(
            f"the fill of buffer {buffer.name!r} has {flat.nbytes:,} bytes, not {buffer.bytes:,}"
        )
    return flat


def _too_much(buffer: Buffer, place: str) -> str:
    return (
        f"buffer {buffer.name!r} of {buffer.bytes:,} bytes does not fit into the memory of the "
        f"{place}; use smaller buffers"
    )
