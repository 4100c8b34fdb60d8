"""Ids of streams in a trace. A per-thread default stream is one stream a host thread."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from timeline.program import (
    AllReduce,
    Graph,
    GraphLaunch,
    Op,
    Program,
    Stream,
    StreamKind,
    StreamOp,
)
from timeline.trace import table

__all__ = ["StreamIds"]

SHARED = -1


@dataclass(frozen=True, slots=True)
class _Row:
    stream: Stream
    name: str
    id: int


class StreamIds:
    """Which id each stream has on each host thread."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._rows: dict[tuple[int, int], _Row] = {}

    def own(self, thread: int) -> list[Stream]:
        """The per-thread default streams that a host thread uses."""
        used = {s.id: s for op in self._program.threads[thread].ops for s in streams_of(op)}
        return [s for s in used.values() if s.kind is StreamKind.PER_THREAD]

    def shared(self) -> list[Stream]:
        """The streams that are the same on every thread."""
        return [s for s in self._program.streams if s.kind is not StreamKind.PER_THREAD]

    def set(self, stream: Stream, thread: int, trace_id: int) -> None:
        """Say which id a stream has on a thread."""
        row = _Row(stream, self._name(stream, thread), trace_id)
        self._rows[self._key(stream, thread)] = row

    def number(self) -> None:
        """Give every stream its id of the Program, and own ids to per-thread default streams."""
        for stream in self.shared():
            self.set(stream, SHARED, stream.id)
        following = max((s.id for s in self._program.streams), default=0) + 1
        for thread in range(len(self._program.threads)):
            for stream in self.own(thread):
                self.set(stream, thread, following)
                following += 1

    def id_of(self, stream: Stream, thread: int) -> int:
        """The id in the trace."""
        return self._rows[self._key(stream, thread)].id

    def _key(self, stream: Stream, thread: int) -> tuple[int, int]:
        return (stream.id, thread if stream.kind is StreamKind.PER_THREAD else SHARED)

    def _name(self, stream: Stream, thread: int) -> str:
        threads = self._program.threads
        if stream.kind is not StreamKind.PER_THREAD or len(threads) == 1:
            return stream.name
        return f"{stream.name} ({threads[thread].name})"

    def table(self) -> pa.Table:
        """The ``streams`` table of the trace."""
        rows = list(self._rows.values())
        return table(
            "streams",
            {
                "device": [row.stream.device for row in rows],
                "stream": [row.id for row in rows],
                "kind": [row.stream.kind.value for row in rows],
                "priority": [row.stream.priority for row in rows],
                "name": [row.name for row in rows],
                "process": [os.getpid()] * len(rows),
            },
            len(rows),
        )


def streams_of(op: Op) -> Iterator[Stream]:
    """Streams that an operation names, those inside a graph included."""
    if isinstance(op, AllReduce):
        yield from op.streams
    elif isinstance(op, StreamOp):
        yield op.stream
        if isinstance(op, GraphLaunch):
            yield from graph_streams(op.graph)


def graph_streams(graph: Graph) -> Iterable[Stream]:
    """Streams that a graph was captured from."""
    return (op.stream for op in graph.ops)
