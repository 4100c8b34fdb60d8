"""Runs a Plan: the host threads and the device take turns, earliest first."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from timeline.backends.sim.blocks import BlockScheduler
from timeline.backends.sim.codes import BARRIER, FOREVER, SHIFT
from timeline.backends.sim.engine import device_loop
from timeline.backends.sim.host import host_thread
from timeline.backends.sim.issue import Issuer
from timeline.backends.sim.memory import DeviceMemory, Pool
from timeline.backends.sim.plan import Plan
from timeline.backends.sim.run import Run
from timeline.backends.sim.threads import AT_BARRIER, BLOCKED, READY, UNTIL, HostThread, Turns
from timeline.errors import ProgramError
from timeline.program import Malloc, MallocAsync

__all__ = ["Repeat", "simulate"]

OVER = -1
REPEAT_GAP_NS = 10_000
"""Between two repeats of the Program."""


@dataclass(eq=False)
class Repeat:
    """One simulated repeat: when each node ran, what the host did."""

    start: int
    end: int
    run: Run
    issuer: Issuer
    threads: list[HostThread]


def simulate(plan: Plan, *, repeat: int, warmup: int, gate: bool) -> list[Repeat]:
    """Run the Program ``warmup`` times unrecorded, then ``repeat`` times from time 0 on.

    Only memory pools outlive a repeat, so without them the warm-up runs would change nothing and
    are left out.

    Raises
    ------
    ProgramError
        When host threads wait for each other, or for work that can't run, for ever.
    DeviceMemoryError
        When the device has too little memory.
    """
    memories = [DeviceMemory(plan.model, d, taken) for d, taken in enumerate(_taken(plan))]
    pools = [Pool(plan.model, memory) for memory in memories]
    for _ in range(warmup if plan.pooled else 0):
        _repeat(plan, pools, memories, 0, gate=gate)
    repeats: list[Repeat] = []
    for _ in range(repeat):
        start = repeats[-1].end + REPEAT_GAP_NS if repeats else 0
        repeats.append(_repeat(plan, pools, memories, start, gate=gate))
    return repeats


def _taken(plan: Plan) -> list[int]:
    """By device: bytes that are allocated before the Program starts.

    Those of graphs are among them: a graph has its memory when it has been instantiated.
    """
    ops = (op for thread in plan.threads for op in thread.ops)
    own = {op.span.buffer.id for op in ops if isinstance(op, Malloc | MallocAsync)}
    taken = [0] * plan.devices
    for buffer in plan.program.buffers:
        if not buffer.kind.on_host and buffer.id not in own:
            taken[buffer.device] += buffer.bytes
    return taken


def _repeat(
    plan: Plan, pools: list[Pool], memories: list[DeviceMemory], start: int, *, gate: bool
) -> Repeat:
    run = Run(plan)
    run.schedulers.extend(BlockScheduler(run, d) for d in range(plan.devices))
    issuer = Issuer(run, pools, memories)
    if not gate:
        issuer.open_gate(start)
    threads = [HostThread(t, i, start) for i, t in enumerate(plan.threads)]
    _Driver(run, issuer, threads).drive()
    end = max((start, *(t.time for t in threads), *(run.finish[n] for n in issuer.tail[1:])))
    host = plan.model.host
    end += host.call_ns("cudaDeviceSynchronize") + host.wake_ns
    end += sum(issuer.trim(d, end) for d in range(plan.devices))
    return Repeat(start, end, run, issuer, threads)


class _Driver:
    def __init__(self, run: Run, issuer: Issuer, threads: list[HostThread]) -> None:
        self._run, self._issuer, self._threads = run, issuer, threads
        self._device: Generator[int, int, None] = device_loop(run)
        self._turns: list[Turns] = [host_thread(run, issuer, t) for t in threads]
        self._states = [next(turns) for turns in self._turns]
        next(self._device)

    def drive(self) -> None:
        """Until every thread has come to its end, and the device too."""
        if len(self._threads) == 1:
            self._drive_one()
        else:
            self._drive_many()
        self._drain()

    def _drive_one(self) -> None:
        """The common case, without a choice of threads."""
        thread, turns, watch = self._threads[0], self._turns[0], self._run.watch
        device, finish, heap = self._device, self._run.finish, self._run.heap
        while True:
            try:
                state = turns.send(FOREVER)
            except StopIteration:
                return
            if state == UNTIL:
                device.send(thread.time)
            elif state == BLOCKED:
                done = self._run.start if thread.staged else finish
                watch.update(thread.needs)
                for n in thread.needs:
                    while done[n] < 0:
                        if not heap:
                            self._states[0] = BLOCKED
                            raise ProgramError(self._stuck())
                        device.send(FOREVER)
                watch.clear()
                if thread.ahead and max([finish[n] for n in thread.ahead]) < 0:
                    watch.update(thread.ahead)
                    device.send(FOREVER)
                    watch.clear()

    def _drive_many(self) -> None:
        while True:
            ready = [i for i, s in enumerate(self._states) if s in (READY, UNTIL)]
            if ready:
                self._turn(min(ready, key=lambda i: (self._threads[i].time, i)), ready)
            elif BLOCKED in self._states:
                self._run_device(FOREVER)
                if not self._wake():
                    raise ProgramError(self._stuck())
            elif AT_BARRIER in self._states:
                if not self._pass_barrier():
                    raise ProgramError(self._stuck())
            else:
                return

    def _drain(self) -> None:
        """The host has issued everything."""
        gate = self._run.plan.model.gaps.gate
        self._issuer.open_gate(max((t.time for t in self._threads), default=0) + gate)
        self._run_device(FOREVER)
        stuck = [s for s, n in enumerate(self._issuer.tail) if s and self._run.finish[n] < 0]
        if stuck:
            name = self._run.plan.streams[stuck[0] - 1].name
            raise ProgramError(f"stream {name!r} never ends: its work waits for work behind it")

    def _turn(self, i: int, ready: list[int]) -> None:
        """Let the earliest thread go on, once the device and blocked threads are as late as it."""
        thread = self._threads[i]
        blocked = BLOCKED in self._states
        if blocked or self._states[i] == UNTIL:
            self._run_device(thread.time)
            if self._wake():
                return
        others = [self._threads[j].time for j in ready if j != i]
        until = thread.time if blocked else min(others, default=FOREVER)
        try:
            self._states[i] = self._turns[i].send(until)
        except StopIteration:
            self._states[i] = OVER
        if self._states[i] == AT_BARRIER:
            self._pass_barrier()
        elif self._states[i] == BLOCKED:
            self._wake()

    def _run_device(self, until: int) -> None:
        """Up to a time, or until a thread that waits can go on."""
        watch = self._run.watch
        watch.clear()
        for thread, state in zip(self._threads, self._states, strict=True):
            if state == BLOCKED:
                watch.update(n for n in thread.needs if self._run.finish[n] < 0)
        while self._run.heap:
            self._device.send(until)
            over = self._run.heap and self._run.heap[0] >> SHIFT > until
            if over or any(
                self._freed(t, s) for t, s in zip(self._threads, self._states, strict=True)
            ):
                break

    def _freed(self, thread: HostThread, state: int) -> bool:
        if state != BLOCKED:
            return False
        done = self._run.start if thread.staged else self._run.finish
        return all(done[n] >= 0 for n in thread.needs)

    def _wake(self) -> bool:
        """Make threads ready whose wait is over; tells whether there was one."""
        woken = False
        for i, thread in enumerate(self._threads):
            if self._freed(thread, self._states[i]):
                done = self._run.start if thread.staged else self._run.finish
                thread.time = max((thread.time, *(done[n] for n in thread.needs)))
                self._states[i] = READY
                woken = True
        return woken

    def _pass_barrier(self) -> bool:
        """Let threads through the barrier that all of its threads have reached."""
        c = self._run.plan.classes
        for name in {
            t.barrier for t, s in zip(self._threads, self._states, strict=True) if s == AT_BARRIER
        }:
            marks = {i for i, code in enumerate(c.code) if code == BARRIER and c.aux[i] == name}
            party = [i for i, t in enumerate(self._threads) if marks & set(t.plan.classes)]
            if all(self._threads[i].barrier == name for i in party):
                late = max(self._threads[i].time for i in party)
                for i in party:
                    self._threads[i].time, self._states[i] = late, READY
                return True
        return False

    def _stuck(self) -> str:
        for thread, state in zip(self._threads, self._states, strict=True):
            if state in (BLOCKED, AT_BARRIER):
                op = thread.plan.ops[len(thread.ends)]
                return (
                    f"deadlock: thread {thread.plan.name!r} waits at operation "
                    f"{len(thread.ends)} ({type(op).__name__}) for something that never happens"
                )
        return "deadlock"
