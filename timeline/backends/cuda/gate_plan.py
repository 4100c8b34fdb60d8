"""Where the gate must open: no host thread may wait for a device that is held."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from timeline.backends.cuda.stream_ids import streams_of
from timeline.program import (
    CopyKind,
    GraphLaunch,
    HostBarrier,
    Memcpy,
    Op,
    Program,
    StreamSynchronize,
    is_host_paced,
)

__all__ = ["QUEUE_LIMIT", "GatePlan", "plan_gate"]

QUEUE_LIMIT = 512
"""Operations that a held stream is given; a launch blocks the host at about 1,022 (H200)."""


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Where each host thread is done with enqueueing against the closed gate.

    Attributes
    ----------
    arrivals : tuple of int
        For each thread, the index of the operation before which it says so; the number of its
        operations when it never waits.
    paced : str
        What ``meta.paced`` will be: ``gated``, ``partly`` or ``host``.
    queue_full : bool
        Whether :data:`QUEUE_LIMIT` ended the wait of a thread.
    """

    arrivals: tuple[int, ...]
    paced: str
    queue_full: bool


def plan_gate(program: Program, limit: int = QUEUE_LIMIT) -> GatePlan:
    """Find where the gate must open: no thread may block on a device that is held.

    The threads are followed one operation at a time, across barriers, until each has come to an
    operation that blocks, to a barrier that a blocked thread never reaches, or to its end.
    """
    walk = _Walk(program, limit)
    while sum(walk.advance(index) for index in range(len(program.threads))):
        pass
    arrivals = tuple(walk.position)
    before = any(
        _enqueues(op)
        for thread, stop in zip(program.threads, arrivals, strict=True)
        for op in thread.ops[:stop]
    )
    after = any(
        _enqueues(op)
        for thread, stop in zip(program.threads, arrivals, strict=True)
        for op in thread.ops[stop:]
    )
    paced = ("partly" if after else "gated") if before else "host"
    return GatePlan(arrivals, paced, walk.queue_full)


class _Walk:
    """How far each thread gets while the gate is closed."""

    def __init__(self, program: Program, limit: int) -> None:
        self._threads = program.threads
        self._limit = limit
        self._queued: Counter[int] = Counter()
        self._waiting: dict[str, set[int]] = {}
        self._parties = Counter(
            name
            for thread in program.threads
            for name in {op.name for op in thread.ops if isinstance(op, HostBarrier)}
        )
        self.position = [0] * len(program.threads)
        self.queue_full = False

    def advance(self, index: int) -> bool:
        """Follow one thread until it stops; whether it moved."""
        ops, start = self._threads[index].ops, self.position[index]
        while self.position[index] < len(ops):
            op = ops[self.position[index]]
            if isinstance(op, HostBarrier):
                if not self._pass(op.name, index):
                    break
            elif _blocks(op) or not self._enqueue(op):
                break
            else:
                self.position[index] += 1
        return self.position[index] > start

    def _pass(self, name: str, index: int) -> bool:
        waiting = self._waiting.setdefault(name, set())
        waiting.add(index)
        if len(waiting) < self._parties[name]:
            return False
        for thread in waiting:
            self.position[thread] += 1
        waiting.clear()
        return True

    def _enqueue(self, op: Op) -> bool:
        weight = len(op.graph.ops) if isinstance(op, GraphLaunch) else 1
        streams = {s.id for s in streams_of(op)}
        if any(self._queued[s] and self._queued[s] + weight > self._limit for s in streams):
            self.queue_full = True
            return False
        self._queued.update(dict.fromkeys(streams, weight))
        return True


def _blocks(op: Op) -> bool:
    """Host-paced, or a copy from host to host, which CUDA does before it returns."""
    return is_host_paced(op) or (isinstance(op, Memcpy) and op.kind is CopyKind.HTOH)


def _enqueues(op: Op) -> bool:
    return any(streams_of(op)) and not isinstance(op, StreamSynchronize)
