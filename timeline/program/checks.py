"""Checks of one operation by itself: handles, sizes, bounds, devices.

About devices CUDA allows more than is accepted here: with peer access switched on, a kernel may use
the memory of another device, and a copy may go into a stream of a third. Such Programs say less
about engines than they seem to, so a launch, fill or allocation must stay on its stream's device,
and a copy's stream must belong to one of its two ends. Waiting for an event of another device is
allowed, as in CUDA; recording one is refused, as in CUDA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from timeline.errors import ProgramError
from timeline.program import ops as o
from timeline.program.handles import Buffer, Event, MemoryKind, Span, Stream
from timeline.program.limits import check_shape
from timeline.program.model import Program
from timeline.program.places import place
from timeline.program.tensor_map import TensorMap, check_map

__all__ = ["Checker"]

FLOAT32_BYTES = 4
MAX_POOL_BYTES = 2**64 - 1


class Checker:
    """Checks operations of one Program, and notes which streams they use."""

    def __init__(self, program: Program) -> None:
        self._streams = {stream.id: stream for stream in program.streams}
        self._events = {event.id: event for event in program.events}
        self._buffers = {buffer.id: buffer for buffer in program.buffers}
        self._graphs = {graph.id: graph for graph in program.graphs}
        self._devices = set(program.devices)
        self._sound_spans = set[int]()
        self._sound_shapes = set[tuple[object, ...]]()
        self._sound_copies = set[tuple[int, int, int]]()
        self.used = dict[int, Stream]()
        for buffer in program.buffers:
            if buffer.kind is MemoryKind.MANAGED:
                raise ProgramError(
                    f"buffer {buffer.name!r}: managed memory has no order that can be checked; "
                    "use device and pinned host memory"
                )

    def check(self, owner: str, ops: Sequence[o.Op]) -> dict[int, Stream]:
        """Check ``ops``; returns the streams that they use, by id.

        Raises
        ------
        ProgramError
            With the place of the first operation that is refused.
        """
        self.used = {}
        checks, index = self._CHECKS, 0
        try:
            while index < len(ops):
                checks.get(type(ops[index]), _refuse_type)(self, ops[index])
                index += 1
        except ProgramError as error:
            raise ProgramError(f"{place(owner, index, ops[index])}: {error}") from None
        return self.used

    def check_contents(self, program: Program) -> None:
        """Check what the Program fills before, and expects after."""
        for fill in program.fills:
            try:
                self._buffer(fill.buffer)
            except ProgramError as error:
                raise ProgramError(f"fill of {fill.buffer.name!r}: {error}") from None
        for expect in program.expects:
            try:
                self._span(expect.span)
                _require_host(expect.span, "an expectation is about")
            except ProgramError as error:
                raise ProgramError(f"expect of {expect.span.buffer.name!r}: {error}") from None

    # Handles

    def _stream(self, stream: Stream) -> None:
        known = self._streams.get(stream.id)
        if known is not stream and known != stream:
            raise ProgramError(_foreign("stream", stream))
        self.used[stream.id] = stream

    def _event(self, event: Event) -> None:
        known = self._events.get(event.id)
        if known is not event and known != event:
            raise ProgramError(_foreign("event", event))

    def _buffer(self, buffer: Buffer) -> None:
        known = self._buffers.get(buffer.id)
        if known is not buffer and known != buffer:
            raise ProgramError(_foreign("buffer", buffer))

    def _span(self, span: Span) -> None:
        if id(span) in self._sound_spans:
            return
        buffer = span.buffer
        self._buffer(buffer)
        first, last = span.offset, span.offset + span.bytes
        if span.bytes < 1:
            raise ProgramError(f"a span of {buffer.name!r} has {span.bytes} bytes; give at least 1")
        if first < 0 or last > buffer.bytes:
            raise ProgramError(
                f"bytes {first} to {last} lie outside of {buffer.name!r}, which has {buffer.bytes}"
            )
        self._sound_spans.add(id(span))

    # Operations

    def _launch(self, op: o.Launch) -> None:
        self._stream(op.stream)
        shape = (id(op.kernel), op.grid, op.block, op.cluster, op.dynamic_shared_bytes)
        if shape not in self._sound_shapes:
            check_shape(op)
            self._sound_shapes.add(shape)
        for spans in (op.inputs, op.outputs):
            for span in spans:
                self._span(span)
                _require_reachable(span.buffer, op.stream)
        for index, arg in enumerate(op.args):
            named = o.span_of(arg)
            if named is not None:
                self._span(named)
                _require_declared(index, named, op)
                if isinstance(arg, TensorMap):
                    check_map(arg)
            elif not isinstance(arg, np.generic | int | float):
                raise ProgramError(
                    f"argument {index} is a {type(arg).__name__}; give memory or a NumPy scalar"
                )
        if op.instead is not None:
            self._instead(op, op.instead)

    def _instead(self, op: o.Launch, other: o.Launch) -> None:
        """What runs instead has the same place in the order, and the same effect."""
        same = (
            other.stream == op.stream
            and set(other.inputs) == set(op.inputs)
            and set(other.outputs) == set(op.outputs)
        )
        if not same:
            raise ProgramError(
                f"{other.kernel.name!r}, to run instead, has another stream, other inputs or other "
                "outputs"
            )
        self._launch(other)

    def _memcpy(self, op: o.Memcpy) -> None:
        self._stream(op.stream)
        dst, src = op.dst, op.src
        copy = (id(dst), id(src), op.stream.device)
        if copy in self._sound_copies:
            return
        self._span(dst)
        self._span(src)
        if dst.bytes != src.bytes:
            raise ProgramError(
                f"copies {src.bytes} bytes into {dst.bytes}; make both spans equally long"
            )
        if dst.buffer is src.buffer and dst.overlaps(src):
            raise ProgramError(f"its source and destination overlap in {dst.buffer.name!r}")
        devices = {b.device for b in (dst.buffer, src.buffer) if not b.kind.on_host}
        if devices and op.stream.device not in devices:
            raise ProgramError(_other_device(op.stream, *sorted(devices)))
        self._sound_copies.add(copy)

    def _memset(self, op: o.Memset) -> None:
        self._stream(op.stream)
        self._span(op.dst)
        _require_reachable(op.dst.buffer, op.stream)
        if not 0 <= op.value <= 255:
            raise ProgramError(f"fills with {op.value}; a byte is 0 to 255")

    def _allocation(self, op: o.Malloc | o.Free) -> None:
        self._span(op.span)
        _require_whole_device_buffer(op.span)

    def _stream_allocation(self, op: o.MallocAsync | o.FreeAsync) -> None:
        self._stream(op.stream)
        self._allocation(o.Malloc(op.span))
        if op.span.buffer.device != op.stream.device:
            raise ProgramError(_other_device(op.stream, op.span.buffer.device))

    def _release_threshold(self, op: o.SetReleaseThreshold) -> None:
        self._device(op.device)
        if not 0 <= op.bytes <= MAX_POOL_BYTES:
            raise ProgramError(f"a threshold of {op.bytes} bytes; it must be 0 to 2**64 - 1")

    def _event_record(self, op: o.EventRecord) -> None:
        self._stream(op.stream)
        self._event(op.event)
        if op.event.device != op.stream.device:
            raise ProgramError(
                f"event {op.event.name!r} is of device {op.event.device}, the stream of device "
                f"{op.stream.device}; make the event with device={op.stream.device}"
            )

    def _stream_wait(self, op: o.StreamWaitEvent) -> None:
        self._stream(op.stream)
        self._event(op.event)

    def _host_wait(self, op: o.EventSynchronize | o.EventQuery) -> None:
        self._event(op.event)

    def _stream_synchronize(self, op: o.StreamSynchronize) -> None:
        self._stream(op.stream)

    def _device_synchronize(self, op: o.DeviceSynchronize) -> None:
        self._device(op.device)

    def _device(self, device: int) -> None:
        if device < 0:
            raise ProgramError(f"there is no device {device}")

    def _host_work(self, op: o.HostWork) -> None:
        if op.ns < 0:
            raise ProgramError(f"works for {op.ns} ns; give at least 0")
        for span in (*op.inputs, *op.outputs):
            self._span(span)
            _require_host(span, "the host works on")

    def _host_func(self, op: o.LaunchHostFunc) -> None:
        self._stream(op.stream)
        for inner in op.body:
            if not isinstance(inner, o.HostWork):
                raise ProgramError(
                    f"calls {type(inner).__name__} inside a host function; CUDA forbids CUDA calls "
                    "there, issue it from a host thread"
                )
            self._host_work(inner)

    def _graph_launch(self, op: o.GraphLaunch) -> None:
        self._stream(op.stream)
        if self._graphs.get(op.graph.id) is not op.graph:
            raise ProgramError(_foreign("graph", op.graph))

    def _all_reduce(self, op: o.AllReduce) -> None:
        if not op.spans or len(op.spans) != len(op.streams):
            raise ProgramError(f"has {len(op.spans)} spans and {len(op.streams)} streams")
        for span, stream in zip(op.spans, op.streams, strict=True):
            self._span(span)
            self._stream(stream)
            _require_reachable(span.buffer, stream, host=False)
        if len({stream.device for stream in op.streams}) != len(op.streams):
            raise ProgramError("names a device twice; give one span and one stream a device")
        lengths = {span.bytes for span in op.spans}
        if len(lengths) > 1 or lengths.pop() % FLOAT32_BYTES:
            raise ProgramError("its spans must be equally long, a whole number of float32 each")

    def _nothing(self, op: o.Op) -> None:
        """Ranges and barriers are checked with their thread."""

    _CHECKS: dict[type, Callable[[Any, Any], None]] = {  # noqa: RUF012
        o.Launch: _launch,
        o.Memcpy: _memcpy,
        o.Memset: _memset,
        o.Malloc: _allocation,
        o.Free: _allocation,
        o.MallocAsync: _stream_allocation,
        o.FreeAsync: _stream_allocation,
        o.SetReleaseThreshold: _release_threshold,
        o.EventRecord: _event_record,
        o.StreamWaitEvent: _stream_wait,
        o.EventSynchronize: _host_wait,
        o.EventQuery: _host_wait,
        o.StreamSynchronize: _stream_synchronize,
        o.DeviceSynchronize: _device_synchronize,
        o.HostWork: _host_work,
        o.LaunchHostFunc: _host_func,
        o.GraphLaunch: _graph_launch,
        o.AllReduce: _all_reduce,
        o.RangePush: _nothing,
        o.RangePop: _nothing,
        o.HostBarrier: _nothing,
    }


def _refuse_type(checker: Checker, op: o.Op) -> None:
    raise ProgramError("is no operation of a Program; use the methods of Builder")


def _foreign(what: str, handle: Stream | Event | Buffer | o.Graph) -> str:
    return f"{what} {handle.name!r} is not of this Program; make it with the same Builder"


def _other_device(stream: Stream, *devices: int) -> str:
    where = " and ".join(str(device) for device in devices)
    return (
        f"stream {stream.name!r} is of device {stream.device}, the memory of device {where}; "
        "use a stream of that device, or copy between the devices first"
    )


def _require_reachable(buffer: Buffer, stream: Stream, *, host: bool = True) -> None:
    """The device of ``stream`` must be able to use ``buffer``."""
    if buffer.kind is MemoryKind.PAGEABLE:
        raise ProgramError(
            f"{buffer.name!r} is pageable host memory, which the device can't use; pin it"
        )
    if buffer.kind.on_host:
        if not host:
            raise ProgramError(f"{buffer.name!r} is host memory; give device memory")
    elif buffer.device != stream.device:
        raise ProgramError(_other_device(stream, buffer.device))


def _require_declared(index: int, arg: Span, op: o.Launch) -> None:
    declared: Iterable[Span] = (*op.inputs, *op.outputs)
    if not any(arg is span or arg.overlaps(span) for span in declared):
        raise ProgramError(
            f"argument {index}, memory of {arg.buffer.name!r}, is neither among its inputs nor its "
            "outputs; say what the kernel reads and writes"
        )


def _require_host(span: Span, what: str) -> None:
    if not span.buffer.kind.on_host:
        raise ProgramError(
            f"{what} {span.buffer.name!r}, which is device memory; copy it to the host first"
        )


def _require_whole_device_buffer(span: Span) -> None:
    buffer = span.buffer
    if buffer.kind is not MemoryKind.DEVICE:
        raise ProgramError(f"{buffer.name!r} is host memory, which exists from the start")
    if span.bytes != buffer.bytes:
        raise ProgramError(f"names part of {buffer.name!r}; a whole buffer is allocated and freed")
