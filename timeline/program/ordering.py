"""Walks the operations in an order that the host threads allow, and checks what orders them.

What orders two operations, on every run (CUDA C++ Programming Guide, asynchronous execution; CUDA
Runtime API, stream and API synchronisation behaviour):

* A stream runs in the order of issue; the per-thread default stream is one stream a host thread.
* The legacy default stream waits for all blocking streams of its device, and they wait for it.
* A stream wait, event synchronisation or query loop takes the event's latest record.
* Host work comes before whatever its thread issues later. The host comes after a stream when it
  synchronises with it, with its device or with an event in it; when it copies to pageable memory,
  or between host memories, or blocks on a copy with pinned memory; and when it calls ``cudaFree``
  on memory of ``cudaMalloc``. ``cudaFree`` of memory of ``cudaMallocAsync`` does not wait.
* A copy from pageable memory reads it before the call returns, whatever the stream still has to do.
* Host threads order each other at host barriers only.
* A graph launch is one operation of its stream, after the launch of the same graph before.
* A kernel launched with PDL counts as ordered after its primary: it must call
  ``griddepcontrol.wait`` before it touches what the primary writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from timeline.errors import ProgramError
from timeline.program import ops as o
from timeline.program.clocks import Host, Lane
from timeline.program.events import Events, Record
from timeline.program.handles import Event, MemoryKind, Stream
from timeline.program.lanes import lanes_of, share_pending
from timeline.program.ledger import Ledger
from timeline.program.memory import Memory
from timeline.program.places import place
from timeline.program.races import Party, remedy
from timeline.program.refusals import RefusedError, UnorderedError

__all__ = ["Walk"]


class Walk:
    """Follows host threads one operation at a time.

    Parameters
    ----------
    owners : sequence of (str, sequence of Op)
        Each host thread's place in words, and its operations.
    used : sequence of mapping
        The streams that each thread uses, by id.
    memories : mapping of int to Memory
        Every buffer's, by buffer id.
    graphs : mapping of int to sequence of Op
        What a launch of each graph does to memory, by graph id.
    """

    def __init__(
        self,
        owners: Sequence[tuple[str, Sequence[o.Op]]],
        used: Sequence[Mapping[int, Stream]],
        memories: Mapping[int, Memory],
        graphs: Mapping[int, Sequence[o.Op]],
    ) -> None:
        self._ops = [ops for _, ops in owners]
        self._graphs = graphs
        self._events = Events()
        self._launches: dict[int, Record] = {}
        count = len(owners) + sum(len(streams) for streams in used)
        self.hosts = [Host(i, i, owner, count) for i, (owner, _) in enumerate(owners)]
        self.lanes = lanes_of(self.hosts, used)
        self._pending = [share_pending(lanes.values()) for lanes in self.lanes]
        every: list[Host | Lane] = [
            *self.hosts,
            *(lane for lanes in self.lanes for lane in lanes.values()),
        ]
        self._ledger = Ledger(memories, every, self._ops)

    def run(self, thread: int, begin: int, end: int) -> None:
        """Follow operations ``begin`` to ``end`` of a host thread.

        Raises
        ------
        ProgramError
            For the first one that is out of order.
        """
        self._host = self.hosts[thread]
        self._streams = self.lanes[thread]
        ops, handlers = self._ops[thread], self._HANDLERS
        index = begin
        try:
            for index in range(begin, end):
                op = ops[index]
                handler = handlers.get(type(op))
                if handler is not None:
                    handler(self, op, index)
        except UnorderedError as error:
            raise self._unordered(error) from None
        except RefusedError as error:
            raise ProgramError(f"{place(self._host.owner, index, ops[index])}: {error}") from None

    def meet(self, arrivals: Mapping[int, int]) -> None:
        """Let host threads meet at a barrier, each at its own operation."""
        Host.meet([(self.hosts[thread], index) for thread, index in arrivals.items()])

    # Operations in streams

    def _enter(self, stream: Stream, index: int) -> Lane:
        lane = self._streams[stream.id]
        lane.enter(index)
        return lane

    def _stream_op(self, op: o.StreamOp, index: int) -> None:
        lane = self._enter(op.stream, index)
        self._touch(op, lane, index)

    def _touch(self, op: o.StreamOp, lane: Lane, index: int) -> None:
        access, clock = (lane.index, index), lane.clock
        for span in op.reads:
            self._ledger.read(span, access, clock)
        for span in op.writes:
            self._ledger.write(span, access, clock)

    def _memcpy(self, op: o.Memcpy, index: int) -> None:
        lane = self._enter(op.stream, index)
        src, dst = op.src, op.dst
        staged = src.buffer.kind is MemoryKind.PAGEABLE and not dst.buffer.kind.on_host
        if staged:
            if op.blocking:
                self._host.learn(lane, index - 1, lane.clock)
            self._ledger.read(src, (self._host.index, index), self._host.clock)
        else:
            self._ledger.read(src, (lane.index, index), lane.clock)
        self._ledger.write(dst, (lane.index, index), lane.clock)
        if not staged and _holds_host(op):
            self._host.learn(lane, index, lane.clock)

    def _malloc_async(self, op: o.MallocAsync, index: int) -> None:
        lane = self._enter(op.stream, index)
        self._ledger.allocate(op.span, o.MallocAsync, (lane.index, index), (self._host, index))

    def _free_async(self, op: o.FreeAsync, index: int) -> None:
        lane = self._enter(op.stream, index)
        self._free_in_stream(op, lane, index)

    def _free_in_stream(self, op: o.FreeAsync, lane: Lane, index: int) -> None:
        if self._ledger.how(op.span) is o.Malloc:
            raise RefusedError(
                f"{op.span.buffer.name!r} comes from cudaMalloc; free it with cudaFree, "
                "or allocate it with cudaMallocAsync"
            )
        self._ledger.free(op.span, (lane.index, index), lane.clock, (self._host, index))

    def _graph_launch(self, op: o.GraphLaunch, index: int) -> None:
        lane = self._enter(op.stream, index)
        before = self._launches.get(op.graph.id)
        if before is not None:
            if self._host.clock[before.lane.host.index] < before.index:
                raise UnorderedError((before.lane.host, before.index), (self._host, index))
            lane.learn(before.lane, before.index, before.clock, index)
        self._launches[op.graph.id] = Record(lane, index, lane.clock)
        for effect in self._graphs[op.graph.id]:
            if isinstance(effect, o.MallocAsync):
                self._ledger.allocate(
                    effect.span, o.MallocAsync, (lane.index, index), (self._host, index)
                )
            elif isinstance(effect, o.FreeAsync):
                self._free_in_stream(effect, lane, index)
            elif isinstance(effect, o.StreamOp):
                self._touch(effect, lane, index)

    def _all_reduce(self, op: o.AllReduce, index: int) -> None:
        lanes = [self._enter(stream, index) for stream in op.streams]
        clocks = [lane.clock for lane in lanes]
        for lane in lanes:
            for other, clock in zip(lanes, clocks, strict=True):
                lane.learn(other, index, clock, index)
        for lane, span in zip(lanes, op.spans, strict=True):
            self._ledger.write(span, (lane.index, index), lane.clock)

    def _event_record(self, op: o.EventRecord, index: int) -> None:
        self._events.record(op.event, self._enter(op.stream, index), index)

    def _stream_wait(self, op: o.StreamWaitEvent, index: int) -> None:
        lane = self._enter(op.stream, index)
        record = self._latest(op.event, index)
        lane.learn(record.lane, record.index, record.clock, index)

    def _latest(self, event: Event, index: int) -> Record:
        record = self._events.latest(event, self._host, index)
        if record is None:
            raise RefusedError(
                f"event {event.name!r} has not been recorded, so CUDA would not wait at all; "
                "record it before"
            )
        return record

    # Operations of the host

    def _host_wait(self, op: o.EventSynchronize | o.EventQuery, index: int) -> None:
        record = self._latest(op.event, index)
        self._host.learn(record.lane, record.index, record.clock)

    def _stream_synchronize(self, op: o.StreamSynchronize, index: int) -> None:
        lane = self._streams[op.stream.id]
        self._host.learn(lane, lane.last, lane.clock)
        for other in lane.others:
            if other.stream.id == lane.stream.id:
                self._learn_of_other(other)

    def _device_synchronize(self, op: o.DeviceSynchronize, index: int) -> None:
        self._wait_for_device(op.device)

    def _wait_for_device(self, device: int) -> None:
        pending = self._pending[self._host.thread].setdefault(device, {})
        for lane in pending:
            self._host.learn(lane, lane.last, lane.clock)
        pending.clear()
        for lanes in self.lanes:
            if lanes is not self._streams:
                for lane in lanes.values():
                    if lane.stream.device == device:
                        self._learn_of_other(lane)

    def _learn_of_other(self, lane: Lane) -> None:
        upto = self._host.clock[lane.host.index]
        self._host.learn(lane, upto, lane.clock_at(upto))

    def _malloc(self, op: o.Malloc, index: int) -> None:
        self._ledger.allocate(op.span, o.Malloc, (self._host.index, index), (self._host, index))

    def _free_sync(self, op: o.Free, index: int) -> None:
        if self._ledger.how(op.span) is o.Malloc:
            self._wait_for_device(op.span.buffer.device)
        self._ledger.free(op.span, (self._host.index, index), self._host.clock, (self._host, index))

    def _host_work(self, op: o.HostWork, index: int) -> None:
        access, clock = (self._host.index, index), self._host.clock
        for span in op.inputs:
            self._ledger.read(span, access, clock)
        for span in op.outputs:
            self._ledger.write(span, access, clock)

    def _unordered(self, error: UnorderedError) -> ProgramError:
        parties = [
            Party(host, index, self._ops[host.thread][index], "")
            for host, index in (error.earlier, error.later)
        ]
        earlier, later = parties
        return ProgramError(
            f"{later.place} and {earlier.place} may come in either order: {remedy(earlier, later)}"
        )

    _HANDLERS: Mapping[type, Callable[[Any, Any, int], None]] = {
        o.Launch: _stream_op,
        o.Memset: _stream_op,
        o.LaunchHostFunc: _stream_op,
        o.Memcpy: _memcpy,
        o.MallocAsync: _malloc_async,
        o.FreeAsync: _free_async,
        o.GraphLaunch: _graph_launch,
        o.AllReduce: _all_reduce,
        o.EventRecord: _event_record,
        o.StreamWaitEvent: _stream_wait,
        o.EventSynchronize: _host_wait,
        o.EventQuery: _host_wait,
        o.StreamSynchronize: _stream_synchronize,
        o.DeviceSynchronize: _device_synchronize,
        o.Malloc: _malloc,
        o.Free: _free_sync,
        o.HostWork: _host_work,
    }


def _holds_host(op: o.Memcpy) -> bool:
    """Whether the call returns only when the copy is done."""
    src, dst = op.src.buffer.kind, op.dst.buffer.kind
    if src.on_host and dst.on_host:
        return True
    return dst is MemoryKind.PAGEABLE or (op.blocking and (src.on_host or dst.on_host))
