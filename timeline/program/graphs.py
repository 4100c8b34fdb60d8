"""Captured graphs: the rules of stream capture, the races inside, and what a launch touches.

Capture in global mode: the origin is captured from the start, another stream from its first wait
for an event recorded in the capture; every one of them must be joined to the origin again by
events, the legacy default stream can't take part, and nothing that makes the host wait can.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from timeline.errors import ProgramError
from timeline.program import ops as o
from timeline.program.clocks import Lane
from timeline.program.handles import Buffer, Span, Stream, StreamKind
from timeline.program.memory import Memory
from timeline.program.ordering import Walk
from timeline.program.places import of_graph, place
from timeline.program.refusals import RefusedError

__all__ = ["Effects", "effects_of"]

Effects = Sequence[o.StreamOp]
"""What a launch does to memory: allocations, frees, and between them all that it touches."""


def effects_of(
    graph: o.Graph,
    used: Mapping[int, Stream],
    buffers: Iterable[Buffer],
    owned: set[int],
    graphs: Mapping[int, Effects],
) -> Effects:
    """Check ``graph`` and say what a launch of it does to memory.

    Parameters
    ----------
    used : mapping
        The streams of the graph's operations, by id.
    owned : set of int
        The buffers that the Program allocates itself, by id.
    graphs : mapping
        The effects of the graphs captured before, which this one may launch.

    Raises
    ------
    ProgramError
        When the graph can't be captured, or its operations race with each other.
    """
    owner = of_graph(graph.name)
    for index, op in enumerate(graph.ops):
        if not isinstance(op, o.StreamOp) or o.is_host_paced(op):
            raise ProgramError(
                f"{place(owner, index, op)}: can't be captured; only operations of streams that "
                "don't make the host wait can"
            )
    memories = {buffer.id: _inside(buffer, graph, owned) for buffer in buffers}
    _Capture(graph, {graph.origin.id: graph.origin, **used}, memories, graphs).check()
    return _merged(graph, graphs)


def _inside(buffer: Buffer, graph: o.Graph, owned: set[int]) -> Memory:
    """A buffer as it is when a launch starts: not allocated if the graph does that first."""
    first = next(
        (
            type(op)
            for op in graph.ops
            if isinstance(op, o.MallocAsync | o.FreeAsync) and op.span.buffer.id == buffer.id
        ),
        None,
    )
    memory = Memory(buffer, allocated=first is not o.MallocAsync)
    memory.how = o.MallocAsync if buffer.id in owned else None
    return memory


class _Capture(Walk):
    """Follows the operations of one graph, and which streams are being captured."""

    def __init__(
        self,
        graph: o.Graph,
        used: Mapping[int, Stream],
        memories: Mapping[int, Memory],
        graphs: Mapping[int, Effects],
    ) -> None:
        super().__init__([(of_graph(graph.name), graph.ops)], [used], memories, graphs)
        self._origin = self.lanes[0][graph.origin.id]
        self._captured = {self._origin}
        self._work: dict[Lane, int] = {}

    def check(self) -> None:
        ops = self._ops[0]
        if self._origin.stream.kind is StreamKind.LEGACY:
            raise ProgramError(
                f"{self.hosts[0].owner}: the legacy default stream can't be captured; use another"
            )
        self.run(0, 0, len(ops))
        for lane, index in self._work.items():
            if self._origin.clock[lane.index] < index:
                raise ProgramError(
                    f"{place(self.hosts[0].owner, index, ops[index])}: stream "
                    f"{lane.stream.name!r} is not joined to {self._origin.stream.name!r} again; "
                    f"record an event after it and let {self._origin.stream.name!r} wait for it"
                )

    def _enter(self, stream: Stream, index: int) -> Lane:
        self._require_captured(self._streams[stream.id])
        lane = super()._enter(stream, index)
        if type(self._ops[0][index]) is not o.EventRecord:  # makes no node
            self._work[lane] = index
        return lane

    def _stream_wait(self, op: o.StreamWaitEvent, index: int) -> None:
        self._latest(op.event, index)
        self._captured.add(self._streams[op.stream.id])
        super()._stream_wait(op, index)

    _HANDLERS = {**Walk._HANDLERS, o.StreamWaitEvent: _stream_wait}  # noqa: RUF012

    def _require_captured(self, lane: Lane) -> None:
        if lane.stream.kind is StreamKind.LEGACY:
            raise RefusedError(
                "the legacy default stream can't take part in a capture; use another"
            )
        if lane not in self._captured:
            origin = self._origin.stream.name
            raise RefusedError(
                f"stream {lane.stream.name!r} is not part of the capture yet; record an event in "
                f"{origin!r} and let {lane.stream.name!r} wait for it first"
            )


@dataclass(frozen=True, slots=True)
class _Touch(o.StreamOp):
    """Everything that several operations read and write."""

    read: tuple[Span, ...]
    written: tuple[Span, ...]

    @property
    def reads(self) -> tuple[Span, ...]:
        return self.read

    @property
    def writes(self) -> tuple[Span, ...]:
        return self.written


def _merged(graph: o.Graph, graphs: Mapping[int, Effects]) -> Effects:
    effects: list[o.StreamOp] = []
    between: list[o.StreamOp] = []
    for op in _flat(graph, graphs):
        if isinstance(op, o.MallocAsync | o.FreeAsync):
            effects += [_touch(graph.origin, between), op]
            between = []
        else:
            between.append(op)
    return [*effects, _touch(graph.origin, between)]


def _flat(graph: o.Graph, graphs: Mapping[int, Effects]) -> Iterable[o.StreamOp]:
    for op in graph.ops:
        if isinstance(op, o.GraphLaunch):
            yield from graphs[op.graph.id]
        else:
            yield op


def _touch(stream: Stream, ops: Iterable[o.StreamOp]) -> _Touch:
    ops = list(ops)
    written = _union(span for op in ops for span in op.writes)
    read = _union(span for op in ops for span in op.reads)
    return _Touch(stream, tuple(span for span in read if span not in written), written)


def _union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The bytes of ``spans`` in as few spans as possible."""
    ordered = sorted(set(spans), key=lambda span: (span.buffer.id, span.offset))
    merged: list[Span] = []
    for span in ordered:
        last = merged[-1] if merged else None
        if last and last.buffer.id == span.buffer.id and span.offset <= last.offset + last.bytes:
            end = max(last.offset + last.bytes, span.offset + span.bytes)
            merged[-1] = Span(last.buffer, last.offset, end - last.offset)
        else:
            merged.append(span)
    return tuple(merged)
