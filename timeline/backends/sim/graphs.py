"""Captured graphs: the order that streams and events gave their operations."""

from __future__ import annotations

from dataclasses import dataclass

from timeline.program import (
    EventRecord,
    Graph,
    Launch,
    StreamOp,
    StreamWaitEvent,
)

__all__ = ["GraphPlan", "node_order"]


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """A graph as nodes.

    Attributes
    ----------
    classes : tuple of int
        Class of each node.
    before : tuple of tuple of int
        By node: the nodes that it waits for; empty for a root.
    ends : tuple of int
        Nodes that nothing in the graph waits for.
    programmatic : tuple of bool
        By node: it is launched with PDL right behind the one kernel that it follows.
    """

    graph: Graph
    ops: tuple[StreamOp, ...]
    classes: tuple[int, ...]
    before: tuple[tuple[int, ...], ...]
    ends: tuple[int, ...]
    programmatic: tuple[bool, ...]


def node_order(graph: Graph) -> tuple[list[StreamOp], list[tuple[int, ...]], list[bool]]:
    """Nodes of a graph with what each waits for.

    Records and waits make no node: they are edges.
    """
    nodes: list[StreamOp] = []
    before: list[tuple[int, ...]] = []
    programmatic: list[bool] = []
    front: dict[int, frozenset[int]] = {}  # by stream: what its next operation waits for
    recorded: dict[int, frozenset[int]] = {}
    for op in graph.ops:
        here = front.get(op.stream.id, frozenset())
        if isinstance(op, EventRecord):
            recorded[op.event.id] = here
        elif isinstance(op, StreamWaitEvent):
            front[op.stream.id] = here | recorded.get(op.event.id, frozenset())
        else:
            after_kernel = len(here) == 1 and isinstance(nodes[next(iter(here))], Launch)
            programmatic.append(isinstance(op, Launch) and op.pdl and after_kernel)
            front[op.stream.id] = frozenset((len(nodes),))
            nodes.append(op)
            before.append(tuple(sorted(here)))
    return nodes, before, programmatic
