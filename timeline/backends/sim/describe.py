"""Works out the class of an operation: host cost, engine, durations, the row in the trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timeline.backends.sim import codes as k
from timeline.backends.sim.classes import AFTER_HOST, IN_GRAPH, Classes
from timeline.backends.sim.copies import CopyCosts
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.engines import EngineQueues
from timeline.backends.sim.graphs import GraphPlan, node_order
from timeline.backends.sim.kernels import KernelClasses
from timeline.backends.sim.occupancy import Packing
from timeline.backends.sim.streams import StreamIndex, StreamTable
from timeline.engines import engine_of
from timeline.errors import ProgramError
from timeline.program import (
    AllReduce,
    Buffer,
    DeviceSynchronize,
    Event,
    EventQuery,
    EventRecord,
    EventSynchronize,
    Free,
    FreeAsync,
    GraphLaunch,
    HostBarrier,
    HostWork,
    Launch,
    LaunchHostFunc,
    Malloc,
    MallocAsync,
    Memcpy,
    Memset,
    Op,
    Program,
    RangePop,
    RangePush,
    SetReleaseThreshold,
    StreamOp,
    StreamSynchronize,
    StreamWaitEvent,
)

__all__ = ["Describer"]


class Describer:
    """Makes classes, and numbers the events, buffers and barriers that they name."""

    def __init__(self, program: Program, model: DeviceModel, streams: StreamTable) -> None:
        self.program, self.model, self.streams = program, model, streams
        self.classes, self.packing = Classes(), Packing(model.sm)
        self.keys: dict[Any, int] = {}
        self.same: dict[int, int] = {}
        self.events: list[Event] = []
        self.buffers: list[Buffer] = []
        self.graphs: list[GraphPlan] = []
        self.barriers: list[str] = []
        self.inner: dict[int, tuple[int, ...]] = {}
        self.engines = EngineQueues(model.copy.engines, max(program.devices) + 1)
        self._copies = CopyCosts(model)
        self._kernels = KernelClasses(model, self.packing)
        self._numbers: dict[Any, int] = {}
        self._values: dict[Any, int] = {}
        self._recorded: set[int] = set()
        self._waited: set[int] = set()

    def canonical(self, value: object) -> int:
        """One number for equal kernels or works; ``same`` then knows the object by identity."""
        number = self.same[id(value)] = self._values.setdefault(value, len(self._values))
        return number

    def key(self, op: Op, index: StreamIndex) -> Any:
        """What tells classes apart, for the operations that the compile loop does not know."""
        if isinstance(op, StreamOp):
            detail: Any = getattr(op, "span", None) or getattr(op, "dst", None)
            if isinstance(op, GraphLaunch):
                detail = op.graph.id
            elif isinstance(op, LaunchHostFunc):
                detail = (op.name, _body_ns(op))
            elif detail is not None:
                detail = (detail.buffer.id, detail.bytes)
            return (type(op), index[op.stream.id], detail)
        if isinstance(op, AllReduce):
            places = tuple(
                (index[s.id], span.bytes) for s, span in zip(op.streams, op.spans, strict=True)
            )
            return (AllReduce, places)
        if isinstance(op, RangePush | RangePop):
            return RangePop
        if isinstance(op, HostWork):
            return (HostWork, op.ns)
        return op

    def describe(self, op: Op, index: StreamIndex) -> int:
        """Make the class of ``op``."""
        make = _MAKERS.get(type(op))
        if make is None:
            raise ProgramError(f"{type(op).__name__} is no operation that the simulator knows")
        number = make(self, op, index)
        self.classes.op[number] = op
        return number

    def check_events(self) -> None:
        """Refuse waits for events that nothing in the Program records."""
        for number in sorted(self._waited - self._recorded):
            name = self.events[number].name
            raise ProgramError(f"event {name!r} is waited for, but nothing records it")

    def _number(self, kind: str, name: Any, value: Any, values: list[Any]) -> int:
        """Index of ``value`` in ``values``, where it is put when first seen."""
        found = self._numbers.setdefault((kind, name), len(values))
        if found == len(values):
            values.append(value)
        return found

    def _event(self, event: Event) -> int:
        return self._number("event", event.id, event, self.events)

    def _buffer(self, buffer: Buffer) -> int:
        return self._number("buffer", buffer.id, buffer, self.buffers)

    # One kind of operation after the other. Each adds a class and returns its number.

    def _add(self, op: Op, call: str, **values: Any) -> int:
        cost = values.pop("cost", self.model.host.call_ns(call) if call else 0)
        lead = self.model.host.between_ns if call else 0
        return self.classes.add(call=call, cost=cost, lead=lead, **values)

    def _stream(self, op: StreamOp, index: StreamIndex) -> dict[str, Any]:
        s = index[op.stream.id]
        return {"stream": s, "device": op.stream.device}

    def _launch(self, op: Launch, index: StreamIndex) -> int:
        code = k.DO_PDL if op.pdl else k.ASYNC
        columns = self._kernels.columns(op)
        columns["row"] |= self._place(op, index, "SM")
        return self._async(op, index, op.call, code, **columns)

    def _async(self, op: StreamOp, index: StreamIndex, call: str, code: int, **values: Any) -> int:
        where = self._stream(op, index)
        return self._add(
            op, call, code=code, nodes=1, lag=self.model.gaps.submit, **where, **values
        )

    def _place(self, op: StreamOp, index: StreamIndex, engine: str) -> dict[str, Any]:
        stream = self.streams[index[op.stream.id]]
        return {"device": op.stream.device, "stream": stream.id, "engine": engine}

    def _memcpy(self, op: Memcpy, index: StreamIndex) -> int:
        code, call, values = self._copies.columns(op, self.engines)
        values["row"] |= self._place(op, index, engine_of("memcpy", op.kind.value))
        return self._async(op, index, call, code, **values)

    def _memset(self, op: Memset, index: StreamIndex) -> int:
        values = self._copies.fill(op)
        values["row"] |= self._place(op, index, engine_of("memset"))
        return self._async(op, index, "cudaMemsetAsync", k.ASYNC, **values)

    def _host_func(self, op: LaunchHostFunc, index: StreamIndex) -> int:
        row = {"kind": "host_func", "name": op.name, **self._place(op, index, "HOST")}
        return self._async(
            op,
            index,
            op.call,
            k.ASYNC,
            kind=k.HOST,
            gap=AFTER_HOST,
            group=self.engines.host_func,
            duration=_body_ns(op),
            duplex=_body_ns(op),
            row=row,
        )

    def _record(self, op: EventRecord, index: StreamIndex) -> int:
        gaps = self.model.gaps
        event = self._event(op.event)
        self._recorded.add(event)
        ns = gaps.timing_event if op.event.timing else gaps.event
        return self._async(op, index, op.call, k.DO_RECORD, kind=k.RECORD, duration=ns, aux=event)

    def _wait(self, op: StreamWaitEvent, index: StreamIndex) -> int:
        event = self._event(op.event)
        self._waited.add(event)
        ns = self.model.gaps.wait
        return self._async(op, index, op.call, k.DO_WAIT, kind=k.WAIT, duration=ns, aux=event)

    def _event_wait(self, op: EventSynchronize | EventQuery, index: StreamIndex) -> int:
        event = self._event(op.event)
        self._waited.add(event)
        code = k.EVENT_SYNC if isinstance(op, EventSynchronize) else k.EVENT_QUERY
        return self._add(op, op.call, code=code, aux=event, device=op.event.device)

    def _stream_sync(self, op: StreamSynchronize, index: StreamIndex) -> int:
        return self._add(op, op.call, code=k.STREAM_SYNC, **self._stream(op, index))

    def _device_sync(self, op: DeviceSynchronize, index: StreamIndex) -> int:
        return self._add(op, op.call, code=k.DEVICE_SYNC, device=op.device)

    def _malloc(self, op: Malloc | Free, index: StreamIndex) -> int:
        buffer = op.span.buffer
        code = k.MALLOC if isinstance(op, Malloc) else k.FREE
        cost = self._copies.allocation_ns(buffer.bytes, free=code == k.FREE)
        number = self._buffer(buffer)
        return self._add(op, op.call, code=code, cost=cost, aux=number, device=buffer.device)

    def _malloc_async(self, op: MallocAsync | FreeAsync, index: StreamIndex) -> int:
        code = k.DO_MALLOC_ASYNC if isinstance(op, MallocAsync) else k.DO_FREE_ASYNC
        number = self._buffer(op.span.buffer)
        ns = self.model.gaps.alloc
        return self._async(op, index, op.call, code, kind=k.ALLOC, duration=ns, aux=number)

    def _threshold(self, op: SetReleaseThreshold, index: StreamIndex) -> int:
        return self._add(op, op.call, code=k.THRESHOLD, device=op.device, aux=op.bytes)

    def _nothing(self, op: Op, index: StreamIndex) -> int:
        return self._add(op, "", code=k.NOTHING)

    def _work(self, op: HostWork, index: StreamIndex) -> int:
        return self._add(op, "", code=k.WORK, cost=op.ns)

    def _barrier(self, op: HostBarrier, index: StreamIndex) -> int:
        return self._add(
            op, "", code=k.BARRIER, aux=self._number("barrier", op.name, op.name, self.barriers)
        )

    def _graph(self, op: GraphLaunch, index: StreamIndex) -> int:
        """A graph is a node that begins it, its own nodes, and one that ends it."""
        number = self._numbers.setdefault(("graph", op.graph.id), len(self.graphs))
        if number == len(self.graphs):
            self.graphs.append(self._graph_plan(op, index, number))
        plan = self.graphs[number]
        edge = self.classes.add(kind=k.ALLOC, **self._stream(op, index))
        host = self.model.host
        cost = host.call_ns(op.call) + round(host.graph_node_ns * len(plan.classes))
        made = self._add(
            op,
            op.call,
            code=k.DO_GRAPH,
            cost=cost,
            lag=self.model.gaps.submit,
            nodes=len(plan.classes) + 2,
            aux=number,
            **self._stream(op, index),
        )
        self.inner[made] = (edge, *plan.classes, edge)
        return made

    def _graph_plan(self, op: GraphLaunch, index: StreamIndex, number: int) -> GraphPlan:
        nodes, before, programmatic = node_order(op.graph)
        classes = tuple(self._graph_node(n, index, number, i) for i, n in enumerate(nodes))
        inner = {i for edges in before for i in edges}
        ends = tuple(i for i in range(len(nodes)) if i not in inner)
        return GraphPlan(op.graph, tuple(nodes), classes, tuple(before), ends, tuple(programmatic))

    def _graph_node(self, op: StreamOp, index: StreamIndex, graph: int, node: int) -> int:
        made = self.describe(op, index)
        c = self.classes
        c.row[made] = {**c.row[made], "graph": graph + 1, "graph_node": node + 1}
        c.gap[made] = IN_GRAPH
        return made

    def _all_reduce(self, op: AllReduce, index: StreamIndex) -> int:
        """One kernel a device; they end together."""
        ranks = len(op.streams)
        inner = []
        for stream in op.streams:
            columns = self._kernels.collective(op, stream, ranks)
            place = {"device": stream.device, "stream": self.streams[index[stream.id]].id}
            columns["row"] |= {**place, "engine": "SM"}
            inner.append(self.classes.add(stream=index[stream.id], device=stream.device, **columns))
        nothing = self.classes.add()
        count = max(ranks, 2)
        lag = self.model.gaps.submit
        made = self._add(op, op.call, code=k.DO_REDUCE, lag=lag, nodes=count, aux=ranks)
        self.inner[made] = (*inner, *[nothing] * (count - ranks))
        return made


def _body_ns(op: LaunchHostFunc) -> int:
    return sum(part.ns for part in op.body if isinstance(part, HostWork))


Maker = Callable[[Describer, Any, StreamIndex], int]
_MAKERS: dict[type[Op], Maker] = {
    Launch: Describer._launch,
    Memcpy: Describer._memcpy,
    Memset: Describer._memset,
    LaunchHostFunc: Describer._host_func,
    EventRecord: Describer._record,
    StreamWaitEvent: Describer._wait,
    EventSynchronize: Describer._event_wait,
    EventQuery: Describer._event_wait,
    StreamSynchronize: Describer._stream_sync,
    DeviceSynchronize: Describer._device_sync,
    Malloc: Describer._malloc,
    Free: Describer._malloc,
    MallocAsync: Describer._malloc_async,
    FreeAsync: Describer._malloc_async,
    SetReleaseThreshold: Describer._threshold,
    RangePush: Describer._nothing,
    RangePop: Describer._nothing,
    HostWork: Describer._work,
    HostBarrier: Describer._barrier,
    GraphLaunch: Describer._graph,
    AllReduce: Describer._all_reduce,
}
