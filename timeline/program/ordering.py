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

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from timeline.errors import ProgramError
from timeline.program import ops as o
from timeline.program.clocks import Clock, Host, Lane
from timeline.program.events import Events, Record, UnorderedError
from timeline.program.handles import Event, MemoryKind, Span, Stream, StreamKind
from timeline.program.memory import Access, Memory, Race
from timeline.program.places import place
from timeline.program.races import Party, data_race, remedy

__all__ = ["RefusedError", "Walk", "lanes_of"]

_BLOCKING = (StreamKind.BLOCKING, StreamKind.PER_THREAD)


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
        self._memories = memories
        self._graphs = graphs
        self._events = Events()
        self._launches: dict[int, Record] = {}
        count = len(owners) + sum(len(streams) for streams in used)
        self.hosts = [Host(i, i, owner, count) for i, (owner, _) in enumerate(owners)]
        self.lanes = lanes_of(self.hosts, used)
        self._pending = [_share_pending(lanes.values()) for lanes in self.lanes]
        self._by_index: list[Host | Lane] = [
            *self.hosts,
            *(lane for lanes in self.lanes for lane in lanes.values()),
        ]

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
            self._read(span, access, clock)
        for span in op.writes:
            self._write(span, access, clock)

    def _memcpy(self, op: o.Memcpy, index: int) -> None:
        lane = self._enter(op.stream, index)
        src, dst = op.src, op.dst
        staged = src.buffer.kind is MemoryKind.PAGEABLE and not dst.buffer.kind.on_host
        if staged:
            if op.blocking:
                self._host.learn(lane, index - 1, lane.clock)
            self._read(src, (self._host.index, index), self._host.clock)
        else:
            self._read(src, (lane.index, index), lane.clock)
        self._write(dst, (lane.index, index), lane.clock)
        if not staged and _holds_host(op):
            self._host.learn(lane, index, lane.clock)

    def _malloc_async(self, op: o.MallocAsync, index: int) -> None:
        lane = self._enter(op.stream, index)
        self._allocate(op.span, o.MallocAsync, (lane.index, index), index)

    def _free_async(self, op: o.FreeAsync, index: int) -> None:
        lane = self._enter(op.stream, index)
        self._free_in_stream(op, lane, index)

    def _free_in_stream(self, op: o.FreeAsync, lane: Lane, index: int) -> None:
        memory = self._memories[op.span.buffer.id]
        if memory.how is o.Malloc and memory.allocated:
            raise RefusedError(
                f"{memory.buffer.name!r} comes from cudaMalloc; free it with cudaFree, "
                "or allocate it with cudaMallocAsync"
            )
        self._free(op.span, (lane.index, index), lane.clock, index)

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
                self._allocate(effect.span, o.MallocAsync, (lane.index, index), index)
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
            self._write(span, (lane.index, index), lane.clock)

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
        self._allocate(op.span, o.Malloc, (self._host.index, index), index)

    def _free_sync(self, op: o.Free, index: int) -> None:
        memory = self._memories[op.span.buffer.id]
        if memory.how is o.Malloc:
            self._wait_for_device(op.span.buffer.device)
        self._free(op.span, (self._host.index, index), self._host.clock, index)

    def _host_work(self, op: o.HostWork, index: int) -> None:
        access, clock = (self._host.index, index), self._host.clock
        for span in op.inputs:
            self._read(span, access, clock)
        for span in op.outputs:
            self._write(span, access, clock)

    # Memory

    def _read(self, span: Span, access: Access, clock: Clock) -> None:
        memory = self._memories[span.buffer.id]
        if not memory.allocated:
            raise self._not_allocated(memory, access)
        race = memory.read(span.offset, span.offset + span.bytes, access, clock)
        if race is not None:
            raise self._race(race, access, "reads", span)

    def _write(self, span: Span, access: Access, clock: Clock, verb: str = "writes") -> None:
        memory = self._memories[span.buffer.id]
        if not memory.allocated:
            raise self._not_allocated(memory, access)
        race = memory.write(span.offset, span.offset + span.bytes, access, clock)
        if race is not None:
            raise self._race(race, access, verb, span)

    def _allocate(self, span: Span, how: type, access: Access, index: int) -> None:
        memory = self._memories[span.buffer.id]
        self._require_order(memory, index)
        if memory.allocated:
            raise RefusedError(f"{memory.buffer.name!r} is already allocated{self._since(memory)}")
        memory.allocated, memory.how, memory.changed = True, how, (self._host.index, index)
        memory.forget(access)

    def _free(self, span: Span, access: Access, clock: Clock, index: int) -> None:
        memory = self._memories[span.buffer.id]
        self._require_order(memory, index)
        if memory.allocated and memory.how is None:
            raise RefusedError(
                f"{memory.buffer.name!r} exists before the Program starts and stays; "
                "allocate it in the Program, or leave it"
            )
        self._write(span, access, clock, "frees")
        memory.allocated, memory.changed = False, (self._host.index, index)

    def _require_order(self, memory: Memory, index: int) -> None:
        """The call that allocated or freed before must come first on every run."""
        if memory.changed is not None:
            lane, before = memory.changed
            if self._host.clock[lane] < before:
                raise UnorderedError((self.hosts[lane], before), (self._host, index))

    def _since(self, memory: Memory) -> str:
        if memory.changed is None:
            return ""
        host, index = self.hosts[memory.changed[0]], memory.changed[1]
        return f", since {place(host.owner, index, self._ops[host.thread][index])}"

    # Errors

    def _not_allocated(self, memory: Memory, access: Access) -> RefusedError:
        name = memory.buffer.name
        if memory.changed is None:
            return RefusedError(f"{name!r} is not allocated yet; allocate it before")
        return RefusedError(f"{name!r} is no longer allocated{self._since(memory)}; free it later")

    def _race(self, race: Race, access: Access, verb: str, span: Span) -> ProgramError:
        begin, end = max(race.begin, span.offset), min(race.end, span.offset + span.bytes)
        earlier = self._party(race.earlier, "writes" if race.earlier_writes else "reads")
        later = self._party(access, verb)
        name = span.buffer.name
        return data_race(earlier, later, name, Race(race.earlier, race.earlier_writes, begin, end))

    def _party(self, access: Access, verb: str) -> Party:
        lane, index = self._by_index[access[0]], access[1]
        op = self._ops[lane.host.thread][index]
        made = isinstance(op, o.Malloc | o.MallocAsync) and verb == "writes"
        return Party(lane, index, op, "allocates" if made else verb)

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


class RefusedError(Exception):
    """What is wrong with the operation at hand; the walk adds its place."""


def _holds_host(op: o.Memcpy) -> bool:
    """Whether the call returns only when the copy is done."""
    src, dst = op.src.buffer.kind, op.dst.buffer.kind
    if src.on_host and dst.on_host:
        return True
    return dst is MemoryKind.PAGEABLE or (op.blocking and (src.on_host or dst.on_host))


def lanes_of(hosts: Sequence[Host], used: Sequence[Mapping[int, Stream]]) -> list[dict[int, Lane]]:
    """Of each host thread, its lane in each stream that it uses, linked by the streams' rules."""
    index = len(hosts)
    lanes: list[dict[int, Lane]] = []
    for host, streams in zip(hosts, used, strict=True):
        lanes.append({})
        for stream in streams.values():
            lanes[-1][stream.id] = Lane(index, stream, host, kept=len(hosts) > 1)
            index += 1
    everything = [lane for mine in lanes for lane in mine.values()]
    legacy = [lane for lane in everything if lane.stream.kind is StreamKind.LEGACY]
    blocking = [lane for lane in everything if lane.stream.kind in _BLOCKING]
    for lane in legacy:
        for other in blocking:
            if lane.stream.device == other.stream.device:
                _link(lane, other)
    if len(hosts) > 1:
        _link_threads(everything)
    return lanes


def _share_pending(lanes: Iterable[Lane]) -> dict[int, dict[Lane, None]]:
    """One set of pending lanes a device, shared by the lanes of a thread."""
    pending: dict[int, dict[Lane, None]] = {}
    for lane in lanes:
        lane.pending = pending.setdefault(lane.stream.device, {})
    return pending


def _link(legacy: Lane, blocking: Lane) -> None:
    if legacy.host is blocking.host:
        blocking.legacy = legacy
    else:
        legacy.others.append(blocking)
        blocking.others.append(legacy)


def _link_threads(lanes: Sequence[Lane]) -> None:
    """Lanes of different threads in one stream know each other's past."""
    by_stream: dict[int, list[Lane]] = {}
    for lane in lanes:
        if lane.stream.kind is not StreamKind.PER_THREAD:
            by_stream.setdefault(lane.stream.id, []).append(lane)
    for same in by_stream.values():
        for lane in same:
            lane.others.extend(other for other in same if other is not lane)
