"""The calls that are more than putting one operation into a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from timeline.backends.sim import codes as k
from timeline.backends.sim.issue import AllocRow, Issuer
from timeline.backends.sim.run import Run
from timeline.backends.sim.threads import AT_BARRIER, BLOCKED, UNTIL, HostThread, Turns, wait_for

__all__ = ["CALLS", "Call"]

POOL_BASE = 0x3_0000_0000
MALLOC_BASE = 0x7F00_0000_0000
"""Where the made-up addresses of pools and of cudaMalloc begin."""


@dataclass(slots=True)
class Call:
    """One call: operation ``op`` of the thread, of class ``cls``, with its first node.

    ``begin`` is when it was called; the thread's clock already has the cost of the call.
    """

    run: Run
    issuer: Issuer
    thread: HostThread
    op: int
    cls: int
    node: int
    begin: int

    @property
    def aux(self) -> int:
        """Event, buffer, graph or barrier."""
        return self.run.plan.classes.aux[self.cls]

    @property
    def stream(self) -> int:
        """Index of its stream."""
        return self.run.plan.classes.stream[self.cls]

    @property
    def device(self) -> int:
        """Its device."""
        return self.run.plan.classes.device[self.cls]

    @property
    def cost(self) -> int:
        """What it costs the host by itself, ns."""
        return self.run.plan.classes.cost[self.cls]

    @property
    def ready(self) -> int:
        """Earliest start of what it issues."""
        return self.thread.time + self.run.plan.classes.lag[self.cls]

    def stream_id(self) -> int:
        """Id of its stream in the trace."""
        return self.run.plan.streams[self.stream - 1].id

    def took(self) -> None:
        """It took longer than the class says."""
        self.thread.begins[self.op] = self.begin

    def opens_gate(self) -> None:
        """It is host-paced: whatever holds the streams ends here."""
        self.issuer.open_gate(self.begin + self.run.plan.model.gaps.gate)

    def wait(self, nodes: list[int]) -> Turns:
        """Wait for nodes to end, and for the thread to wake up."""
        before = self.thread.time
        yield from wait_for(self.run, self.thread, nodes)
        if self.thread.time > before:
            self.thread.time += self.run.plan.model.host.wake_ns
        self.took()

    def allocated(self, kind: str, nbytes: int, address: int, *, pool: bool) -> None:
        """An allocation or a free, for the trace."""
        used = reserved = stream = -1
        if pool:
            found = self.issuer.pools[self.device]
            used, reserved, stream = found.used, found.reserved, self.stream_id()
        self.issuer.allocs.append(
            AllocRow(
                kind,
                self.begin,
                self.thread.time,
                self.device,
                stream,
                nbytes,
                address,
                used,
                reserved,
                self.thread.index,
                self.op,
            )
        )


def _launch_dependent(call: Call) -> Turns:
    call.issuer.launch_dependent(call.node, call.stream, call.ready)
    yield from ()


def _launch_graph(call: Call) -> Turns:
    call.issuer.launch_graph(call.node, call.stream, call.aux, call.ready)
    yield from ()


def _all_reduce(call: Call) -> Turns:
    call.issuer.all_reduce(call.node, call.aux, call.ready)
    yield from ()


def _malloc_async(call: Call) -> Turns:
    issuer, thread = call.issuer, call.thread
    buffer = call.run.plan.buffers[call.aux]
    if issuer.gate_opened >= 0:
        yield UNTIL  # what has ended by now may be used again
    offset, ns = issuer.allocate(buffer.id, buffer.bytes, call.stream, thread.time)
    if ns:
        thread.time += ns
        call.took()
    issuer.enqueue(call.node, call.stream, call.ready)
    call.allocated("malloc_async", buffer.bytes, POOL_BASE + offset, pool=True)


def _free_async(call: Call) -> Turns:
    buffer = call.run.plan.buffers[call.aux]
    call.issuer.enqueue(call.node, call.stream, call.ready)
    offset = call.issuer.release(buffer.id, call.stream, call.node)
    call.allocated("free_async", buffer.bytes, POOL_BASE + offset, pool=True)
    yield from ()


def _threshold(call: Call) -> Turns:
    call.issuer.pools[call.device].threshold = call.aux
    yield from ()


def _barrier(call: Call) -> Turns:
    call.thread.barrier = call.aux
    yield AT_BARRIER
    call.thread.barrier = -1
    call.took()


def _work(call: Call) -> Turns:
    call.opens_gate()
    yield from ()


def _event_query(call: Call) -> Turns:
    """Polls: it returns at the end of the first query made after the event has completed."""
    call.opens_gate()
    thread, record = call.thread, call.issuer.last[call.aux]
    if record:
        yield from wait_for(call.run, thread, [record])
        late = call.run.finish[record] - call.begin
        period = max(call.cost, 1)
        thread.time = call.begin + max(1, 1 + -(-late // period)) * period
        call.took()


def _malloc(call: Call) -> Turns:
    call.opens_gate()
    buffer = call.run.plan.buffers[call.aux]
    if call.run.plan.model.semantics.malloc_waits == "device":
        yield from _wait_device(call)
    call.issuer.memories[call.device].take(buffer.bytes, f"cudaMalloc of {buffer.name!r}")
    call.allocated("malloc", buffer.bytes, MALLOC_BASE + (buffer.id << 40), pool=False)


def _free(call: Call) -> Turns:
    call.opens_gate()
    buffer = call.run.plan.buffers[call.aux]
    if call.run.plan.model.semantics.free_waits == "device":
        yield from _wait_device(call)
    call.issuer.memories[call.device].give(buffer.bytes)
    call.allocated("free", buffer.bytes, MALLOC_BASE + (buffer.id << 40), pool=False)


def _wait_device(call: Call) -> Turns:
    """Wait first, then pay for the call."""
    call.thread.time = call.begin
    yield from call.wait(call.issuer.tails(call.device))
    call.thread.time += call.cost


def _copy_wait(call: Call) -> Turns:
    call.opens_gate()
    call.issuer.enqueue(call.node, call.stream, call.ready)
    yield from call.wait([call.node])


def _copy_staged(call: Call) -> Turns:
    """The host stages piece by piece while the copy runs: it has to wait for the copy's start."""
    call.opens_gate()
    run, thread, node = call.run, call.thread, call.node
    run.staged.add(node)
    call.issuer.enqueue(node, call.stream, call.ready)
    thread.needs, thread.staged = [node], True
    yield BLOCKED
    thread.needs, thread.staged = [], False
    run.staged.discard(node)
    thread.time = run.due[node] - run.plan.classes.aux[call.cls]
    call.took()


def _stage(call: Call) -> Turns:
    call.opens_gate()
    call.issuer.enqueue(call.node, call.stream, call.ready)
    yield from ()


CALLS: dict[int, Callable[[Call], Turns]] = {
    k.DO_PDL: _launch_dependent,
    k.DO_GRAPH: _launch_graph,
    k.DO_REDUCE: _all_reduce,
    k.DO_MALLOC_ASYNC: _malloc_async,
    k.DO_FREE_ASYNC: _free_async,
    k.THRESHOLD: _threshold,
    k.BARRIER: _barrier,
    k.WORK: _work,
    k.EVENT_QUERY: _event_query,
    k.MALLOC: _malloc,
    k.FREE: _free,
    k.COPY_WAIT: _copy_wait,
    k.COPY_STAGED: _copy_staged,
    k.STAGE: _stage,
}
