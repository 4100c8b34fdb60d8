"""The gate: streams are held until the host has enqueued the Program; its lateness shows nowhere.

Every stream first gets a ``cuStreamWaitValue32`` on a word of pinned memory, which the host writes
when all threads have come to an operation at which they wait or work, or to their end. To hold a
stream any longer would deadlock.
"""

from __future__ import annotations

import ctypes
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from timeline.backends.cuda.api import Api
from timeline.program import (
    AllReduce,
    CopyKind,
    GraphLaunch,
    HostBarrier,
    Memcpy,
    Op,
    Program,
    StreamOp,
    StreamSynchronize,
    is_host_paced,
)

__all__ = ["QUEUE_LIMIT", "Gate", "GatePlan", "plan_gate"]

QUEUE_LIMIT = 512
"""Operations that a held stream is given; a launch blocks the host at about 1,022 (H200)."""

WATCHDOG_S = 5.0
"""After this long the gate opens whatever the host does."""


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
        streams = [s.id for s in _streams(op)]
        if any(self._queued[s] and self._queued[s] + weight > self._limit for s in streams):
            self.queue_full = True
            return False
        self._queued.update(dict.fromkeys(streams, weight))
        return True


def _streams(op: Op) -> Sequence[Any]:
    if isinstance(op, AllReduce):
        return op.streams
    return (op.stream,) if isinstance(op, StreamOp) else ()


def _blocks(op: Op) -> bool:
    """Host-paced, or a copy from host to host, which CUDA does before it returns."""
    return is_host_paced(op) or (isinstance(op, Memcpy) and op.kind is CopyKind.HTOH)


def _enqueues(op: Op) -> bool:
    return bool(_streams(op)) and not isinstance(op, StreamSynchronize)


class Gate:
    """A word of pinned memory that streams wait on.

    Each repeat is a generation: streams wait until the word is at least its number, so an open gate
    never has to be closed again.
    """

    def __init__(self, api: Api, address: int) -> None:
        self._api = api
        self._address = address
        self._word = ctypes.c_uint32.from_address(address)
        self._word.value = 0
        self._generation = 0
        self._left = 0
        self._lock = threading.Lock()
        self._opened = threading.Event()
        self._watchdog: threading.Timer | None = None
        self.forced = False

    def arm(self, threads: int) -> None:
        """Close it, until ``threads`` host threads have arrived."""
        self._generation += 1
        self._left = threads
        self._opened.clear()

    def hold(self, stream: Any) -> None:
        """Make what is enqueued in ``stream`` from now on wait for the gate."""
        self._api.check((self.try_hold(stream),), "cuStreamWaitValue32")

    def try_hold(self, stream: Any) -> Any:
        """Like :meth:`hold`; the status, whatever it is."""
        driver = self._api.driver
        greater_equal = int(driver.CUstreamWaitValue_flags.CU_STREAM_WAIT_VALUE_GEQ)
        address, value = self._address, self._generation
        return driver.cuStreamWaitValue32(stream, address, value, greater_equal)[0]

    def watch(self, seconds: float = WATCHDOG_S) -> None:
        """From now on, open by itself after ``seconds``."""
        self._watchdog = threading.Timer(seconds, self._force)
        self._watchdog.daemon = True
        self._watchdog.start()

    def arrive(self, *, wait: bool) -> None:
        """Say that this host thread is done; the last one opens. ``wait`` until it is open."""
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self.open()
        elif wait:
            self._opened.wait()

    def open(self) -> None:
        """Let every stream run. Safe at any time, and more than once."""
        self._word.value = self._generation
        self._opened.set()
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def _force(self) -> None:
        self.forced = True
        self._watchdog = None
        self.open()
