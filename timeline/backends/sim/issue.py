"""Putting operations into streams: what each has to wait for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappush

from timeline.backends.sim.codes import (
    AT_START,
    DEVICE_SYNC,
    DO_PDL,
    EVENT_SYNC,
    KERNEL,
    SHIFT,
    STREAM_SYNC,
)
from timeline.backends.sim.memory import DeviceMemory, Piece, Pool
from timeline.backends.sim.plan import Plan
from timeline.backends.sim.run import Run

__all__ = ["AllocRow", "Issuer"]


_SYNCS = {"stream": STREAM_SYNC, "event": EVENT_SYNC, "device": DEVICE_SYNC}


@dataclass(frozen=True, slots=True)
class AllocRow:
    """An allocation or free, for the trace. ``op`` is the operation's place in its thread."""

    kind: str
    start: int
    end: int
    device: int
    stream: int
    bytes: int
    address: int
    pool_used: int
    pool_reserved: int
    thread: int
    op: int


def _survivors(plan: Plan) -> list[bool]:
    """By event: whether a record between two kernels leaves their programmatic overlap alone."""
    ends = plan.model.semantics.event_ends_pdl
    used = DO_PDL in plan.classes.code
    return [used and (ends == "never" or (ends == "timing" and not e.timing)) for e in plan.events]


class Issuer:
    """What all host threads of a run share: the streams' ends, events, the gate, the pools.

    Attributes
    ----------
    tail : list of int
        By stream: the node issued last.
    last : list of int
        By event: its latest record, 0 before the first.
    order : list of list of int
        By stream: nodes in the order of issue, kept when the launch queue may fill up.
    gate_opened : int
        When the gate opened, ns; -1 while it is closed.
    trims : set of int
        Codes of the synchronising calls at which pools give memory back.
    """

    def __init__(self, run: Run, pools: Sequence[Pool], memories: Sequence[DeviceMemory]) -> None:
        plan = run.plan
        streams = len(plan.streams)
        self._run, self.pools, self.memories = run, pools, memories
        self.tail = list(range(streams + 1))
        self.last = [0] * len(plan.events)
        self.order: list[list[int]] = [[] for _ in range(streams + 1)]
        self.legacy = [0, *(s.legacy for s in plan.streams)]
        self.allocs: list[AllocRow] = []
        self.gate_opened = -1
        self._legacy_seen = [0] * (streams + 1)
        self._legacy_tail = [0] * plan.devices
        self._behind: dict[int, int] = {}
        self._survives = _survivors(plan)
        self._known: list[dict[int, int]] = [{} for _ in range(streams + 1)]
        self._event_known: dict[int, dict[int, int]] = {}
        self._pooled = plan.pooled
        self._count = 0
        semantics = plan.model.semantics
        self._waits_for_blocking = semantics.legacy_synchronize_waits == "blocking"
        self.trims = {_SYNCS[word] for word in semantics.trim} if plan.pooled else set()

    def open_gate(self, now: int) -> None:
        """Let the streams run; only the first call counts."""
        if self.gate_opened < 0:
            self.gate_opened = now
            for stream in range(1, len(self.tail)):
                self._run.due[stream] = now
                heappush(self._run.heap, now << SHIFT | stream)

    # Waits of the host

    def tails(self, device: int) -> list[int]:
        """The last node of every stream of ``device``."""
        streams = enumerate(self._run.plan.streams, 1)
        return [self.tail[s] for s, p in streams if p.stream.device == device]

    def awaited(self, cls: int) -> list[int]:
        """The nodes that a synchronising call of this class waits for."""
        c = self._run.plan.classes
        code, stream = c.code[cls], c.stream[cls]
        if code == STREAM_SYNC:
            nodes = [self.tail[stream]]
            if self._waits_for_blocking and self.legacy[stream] == 2:
                nodes += self._blocking(c.device[cls])
            return nodes
        if code == DEVICE_SYNC:
            return self.tails(c.device[cls])
        record = self.last[c.aux[cls]]
        return [record] if record else []

    def _blocking(self, device: int) -> list[int]:
        """The last node of every stream of ``device`` that the legacy default stream waits for."""
        streams = enumerate(self._run.plan.streams, 1)
        return [self.tail[s] for s, p in streams if p.legacy == 1 and p.stream.device == device]

    # Nodes

    def enqueue(self, node: int, stream: int, at: int, others: Iterable[int] = ()) -> None:
        """Put ``node`` at the end of ``stream``: behind its last node, and behind ``others``."""
        run = self._run
        before = self.tail[stream]
        self.tail[stream] = node
        if self.legacy[stream]:
            others = (*others, *self._barrier(stream, node))
        if run.finish[before] < 0:
            run.following[before] = node
        self.depend(node, at, others, before)

    def depend(self, node: int, at: int, others: Iterable[int], before: int = 0) -> None:
        """Let ``node`` wait for ``others`` (and ``before``, the node in front of it)."""
        run, resource = self._run, self._run.plan.node_kind[node] >= KERNEL
        ready, unknown, gap = at, 0, run.gap[node]
        for other in (before, *others) if before else others:
            end = run.finish[other]
            if end < 0:
                unknown += 1
                if other != before:
                    run.waiters.setdefault(other, []).append(node)
                continue
            if resource:
                end += run.gaps[run.gap[other]][run.gap[node]]
            if end >= ready:
                ready, gap = end, run.gap[other]
        run.ready[node], run.left[node] = ready, unknown
        if not resource:
            run.gap[node] = gap
        if not unknown:
            self._free(node, ready)

    def _free(self, node: int, ready: int) -> None:
        """Nothing holds ``node``, and nothing waits for it yet."""
        run, plan = self._run, self._run.plan
        if plan.node_kind[node] >= KERNEL:
            heappush(run.heap, ready << SHIFT | AT_START | node)
        else:
            run.finish[node] = ready + plan.classes.duration[plan.node_class[node]]

    def _barrier(self, stream: int, node: int) -> list[int]:
        """What the legacy default stream's rule adds.

        Its operations wait for all earlier work of the blocking streams of their device, and later
        work of those waits for them.
        """
        plans = self._run.plan.streams
        device = plans[stream - 1].stream.device
        if self.legacy[stream] == 2:
            self._legacy_tail[device] = node
            return self._blocking(device)
        tail = self._legacy_tail[device]
        if tail == self._legacy_seen[stream]:
            return []
        self._legacy_seen[stream] = tail
        return [tail]

    # Events

    def recorded(self, event: int, stream: int, node: int, before: int) -> None:
        """``node``, just issued behind ``before``, records ``event``."""
        self.last[event] = node
        if self._survives[event]:
            kernel = self._behind.get(before, before)
            if self._run.plan.node_kind[kernel] == KERNEL:
                self._behind[node] = kernel
        if self._pooled:
            self._event_known[event] = self._snapshot(stream)

    def wait_event(self, node: int, stream: int, event: int, at: int) -> None:
        """Let ``stream`` wait for the latest record of ``event``, if there is one."""
        record = self.last[event]
        self.enqueue(node, stream, at, (record,) if record else ())
        if self._pooled and record:
            known = self._known[stream]
            for other, order in self._event_known[event].items():
                known[other] = max(known.get(other, 0), order)

    def _snapshot(self, stream: int) -> dict[int, int]:
        """By stream: up to which order of issue ``stream`` comes after it."""
        return {**self._known[stream], stream: self._count}

    # Programmatic dependent launch

    def launch_dependent(self, node: int, stream: int, at: int) -> None:
        """Launch a kernel with programmatic stream serialisation."""
        run, before = self._run, self.tail[stream]
        kernel = self._behind.get(before, before)
        if (
            run.plan.node_kind[kernel] != KERNEL
            or run.finish[kernel] >= 0
            or kernel in run.secondary
            or self.legacy[stream]
        ):
            self.enqueue(node, stream, at)
            return
        self.tail[stream] = node
        self.link(kernel, node, at)

    def link(self, kernel: int, node: int, at: int) -> None:
        """Let ``node`` start at the trigger of the unfinished ``kernel``."""
        run = self._run
        run.secondary[kernel], run.primary[node] = node, kernel
        run.left[node], run.ready[node] = 1, at
        triggered = run.triggered.get(kernel)
        if triggered is not None:
            run.left[node] = 0
            run.ready[node] = max(at, triggered + run.plan.model.gaps.pdl)
            self._free(node, run.ready[node])

    # Graphs and collectives

    def launch_graph(self, first: int, stream: int, graph: int, at: int) -> None:
        """Replay a graph: ``first`` begins it, then come its nodes and the one that ends it."""
        plan = self._run.plan.graphs[graph]
        last = first + len(plan.classes) + 1
        self.enqueue(first, stream, at)
        self.tail[stream] = last
        for i, before in enumerate(plan.before):
            node, others = first + 1 + i, [first + 1 + b for b in before] or [first]
            if plan.programmatic[i] and self._run.finish[others[0]] < 0:
                self.link(others[0], node, at)
            else:
                self.depend(node, at, others)
        self.depend(last, at, [first + 1 + e for e in plan.ends] or [first])

    def all_reduce(self, first: int, ranks: int, at: int) -> None:
        """Put one kernel into each rank's stream."""
        plan = self._run.plan
        for node in range(first, first + ranks):
            self._run.peers[node] = (first, ranks)
            self.enqueue(node, plan.classes.stream[plan.node_class[node]], at)

    # Pools

    def reusable(self, stream: int, now: int, piece: Piece) -> bool:
        """Whether memory freed elsewhere may serve ``stream`` without a new dependency."""
        end = self._run.finish[piece.node] if piece.node else 0
        return 0 <= end <= now or self._known[stream].get(piece.stream, 0) >= piece.order

    def allocate(self, buffer: int, nbytes: int, stream: int, now: int) -> tuple[int, int]:
        """Allocate from the pool of the stream's device; returns offset and host time, ns."""
        pool = self.pools[self._run.plan.streams[stream - 1].stream.device]
        return pool.allocate(buffer, nbytes, stream, lambda p: self.reusable(stream, now, p))

    def release(self, buffer: int, stream: int, node: int) -> int:
        """Free into the pool, in stream order; returns the offset."""
        self._count += 1
        pool = self.pools[self._run.plan.streams[stream - 1].stream.device]
        return pool.release(buffer, stream, self._count, node)

    def trim(self, device: int, now: int) -> int:
        """Synchronisation point of a pool; returns the host's time, ns."""
        finish = self._run.finish
        return self.pools[device].trim(lambda node: 0 <= finish[node] <= now)
