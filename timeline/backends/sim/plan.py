"""The compiled Program: flat lists of small integers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from timeline.backends.sim.classes import Classes
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.graphs import GraphPlan
from timeline.backends.sim.occupancy import Packing
from timeline.program import Buffer, Event, Op, Program, Stream

__all__ = ["Plan", "StreamPlan", "ThreadPlan"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream as the simulator sees it: a per-thread default stream is one a thread.

    Attributes
    ----------
    legacy : int
        0: the legacy default stream is nothing to it; 1: it waits for that and is waited for;
        2: it is the legacy default stream.
    """

    stream: Stream
    id: int
    name: str
    legacy: int


@dataclass(eq=False)
class ThreadPlan:
    """A host thread: the class (``op_class`` as an array) and the first node of each operation."""

    name: str
    ops: tuple[Op, ...]
    classes: list[int]
    op_class: Ints
    nodes: list[int] = field(default_factory=list)
    first_op: int = 0


@dataclass(eq=False)
class Plan:
    """Everything about a Program that the clock does not change.

    Node 0 means none; node s (1 to the number of streams) is where stream s starts.

    Attributes
    ----------
    node_class, node_kind, node_gap : list of int
        By node.
    class_of_node, node_op : numpy.ndarray
        By node too: the class again, and the operation; -1 for a stream's start.
    groups : int
        Engine queues, numbered from 1.
    opposite : list of int
        By engine queue: the one of the other direction, with which it shares a link; 0 for none.
    deep : bool
        Whether a stream holds so many operations that the launch queue may fill up.
    """

    program: Program
    model: DeviceModel
    classes: Classes
    packing: Packing
    streams: list[StreamPlan]
    threads: list[ThreadPlan]
    events: list[Event]
    buffers: list[Buffer]
    graphs: list[GraphPlan]
    node_class: list[int]
    node_kind: list[int]
    node_gap: list[int]
    class_of_node: Ints
    node_op: Ints
    groups: int
    opposite: list[int]
    deep: bool

    @property
    def devices(self) -> int:
        """Devices, counted up to the largest used."""
        return max((*self.program.devices, 0)) + 1

    @property
    def pooled(self) -> bool:
        """Whether memory pools are used: the only state that outlives a repeat.

        Graphs don't use them: their memory is theirs from instantiation on.
        """
        graphs = {number for graph in self.graphs for number in graph.classes}
        calls = enumerate(self.classes.call)
        return any(call == "cudaMallocAsync" for number, call in calls if number not in graphs)
