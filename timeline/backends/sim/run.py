"""The state of one repeat: what the host loop, the device loop and the schedulers share."""

from __future__ import annotations

from array import array
from collections import deque
from typing import TYPE_CHECKING

from timeline.backends.sim.classes import gaps
from timeline.backends.sim.contention import Flow
from timeline.backends.sim.plan import Plan

if TYPE_CHECKING:
    from timeline.backends.sim.blocks import BlockScheduler
    from timeline.backends.sim.grids import Cohort

__all__ = ["Run"]


class Run:
    """State by node, by engine queue and by device. Times are ns, -1 stands for not yet.

    Attributes
    ----------
    finish : list of int
        When a node has ended. It may lie in the future: an event record that follows work that has
        ended is known to complete before the clock gets there.
    start : array of int
        When it began: hardly ever read while it runs, so not a list of objects.
    left, ready : list of int
        What a node still waits for, and the earliest start that is known so far.
    following : list of int
        The next node of the stream.
    waiters : dict
        Nodes of other streams that wait for a node.
    due : list of int
        End of a node or cohort as it stands; cohorts are numbered behind the nodes.
    watch : set of int
        Nodes whose end (for ``staged``: start) the host waits for.
    secondary, primary : dict
        Kernels launched with PDL behind an unfinished kernel, both ways.
    """

    def __init__(self, plan: Plan) -> None:
        nodes, devices = len(plan.node_class), plan.devices
        self.plan, self.nodes = plan, nodes
        self.gaps = gaps(plan.model)
        self.heap: list[int] = []
        self.finish = [-1] * nodes
        self.start = array("q", [-1]) * nodes
        self.ready = [0] * nodes
        self.left = [1] * nodes
        self.following = [0] * nodes
        self.gap = plan.node_gap.copy()
        self.due = [-1] * nodes
        self.cohorts: list[Cohort] = []
        self.waiters: dict[int, list[int]] = {}
        self.watch: set[int] = set()
        self.staged: set[int] = set()
        self.secondary: dict[int, int] = {}
        self.primary: dict[int, int] = {}
        self.triggered: dict[int, int] = {}
        self.peers: dict[int, tuple[int, int]] = {}
        self.gathered: dict[int, list[Cohort]] = {}
        self.current = [0] * (plan.groups + 1)
        self.queue: list[deque[int]] = [deque() for _ in range(plan.groups + 1)]
        self.occupancy = [0] * devices
        self.resident = [0] * devices
        self.front = [0] * devices
        self.scheduled = [False] * devices
        self.flows = [Flow(plan.model, self.heap, self.due) for _ in range(devices)]
        self.schedulers: list[BlockScheduler] = []
