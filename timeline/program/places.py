"""How errors call an operation: where it stands, and what it does to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timeline.program import ops as o
from timeline.program.handles import Span

__all__ = ["of_graph", "of_thread", "place", "summary"]


def of_thread(name: str) -> str:
    """Owner of the operations of a host thread."""
    return f"thread {name!r}"


def of_graph(name: str) -> str:
    """Owner of the operations of a graph."""
    return f"graph {name!r}"


def place(owner: str, index: int, op: o.Op) -> str:
    """Name an operation: ``operation 2 of thread 'main' (Launch 'scale' in stream 's1')``.

    Operations are counted from 0, as in :attr:`timeline.program.HostThread.ops`.
    """
    return f"operation {index} of {owner} ({summary(op)})"


def summary(op: o.Op) -> str:
    """Name what an operation does, without its place."""
    words = [type(op).__name__, _OBJECTS.get(type(op), _nothing)(op)]
    if isinstance(op, o.StreamOp):
        words.append(f"in stream {op.stream.name!r}")
    return " ".join(word for word in words if word)


def _nothing(op: Any) -> str:
    return ""


def _name(op: Any) -> str:
    return repr(op.name)


def _spans(spans: tuple[Span, ...]) -> str:
    return ", ".join(repr(span.buffer.name) for span in spans)


def _copy(op: o.Memcpy) -> str:
    direction = op.kind.value.replace("to", "2")
    return f"{direction} {op.src.buffer.name!r} -> {op.dst.buffer.name!r}"


_OBJECTS: dict[type, Callable[[Any], str]] = {
    o.Launch: lambda op: repr(op.kernel.name),
    o.Memcpy: _copy,
    o.Memset: lambda op: _spans((op.dst,)),
    o.Malloc: lambda op: _spans((op.span,)),
    o.Free: lambda op: _spans((op.span,)),
    o.MallocAsync: lambda op: _spans((op.span,)),
    o.FreeAsync: lambda op: _spans((op.span,)),
    o.EventRecord: lambda op: repr(op.event.name),
    o.StreamWaitEvent: lambda op: repr(op.event.name),
    o.EventSynchronize: lambda op: repr(op.event.name),
    o.EventQuery: lambda op: repr(op.event.name),
    o.HostWork: _name,
    o.LaunchHostFunc: _name,
    o.GraphLaunch: lambda op: repr(op.graph.name),
    o.AllReduce: lambda op: _spans(op.spans),
    o.RangePush: _name,
    o.HostBarrier: _name,
}
