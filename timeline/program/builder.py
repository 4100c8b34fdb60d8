"""The way to write a Program down: one method a CUDA call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from timeline.errors import ProgramError
from timeline.program import ops as o
from timeline.program.handles import Buffer, Event, MemoryKind, Span, Stream, StreamKind
from timeline.program.kernel import Dim3, Kernel, Scalar, Work
from timeline.program.model import Expect, Fill, HostThread, Param, Program, Values
from timeline.program.tensor_map import TensorMap
from timeline.program.validate import validate

__all__ = ["Builder"]

Memory = Buffer | Span
Grid = int | tuple[int, ...]


def _spans(memories: Sequence[Memory]) -> tuple[Span, ...]:
    return tuple(m.span() if isinstance(m, Buffer) else m for m in memories)


def _dim3(size: Grid) -> Dim3:
    if type(size) is int and size > 0:
        return (size, 1, 1)
    values = (size,) if isinstance(size, int) else tuple(size)
    if not 1 <= len(values) <= 3 or any(v < 1 for v in values):
        raise ProgramError(f"a grid, block or cluster has 1 to 3 sizes of at least 1, not {size!r}")
    x, y, z = (*values, 1, 1)[:3]
    return (x, y, z)


class Builder:
    """Collects operations in issue order; :meth:`build` checks them and returns the Program.

    Examples
    --------
    >>> b = Builder("copy")
    >>> s = b.stream("s")
    >>> host = b.host("host", 4096, pinned=True)
    >>> device = b.device("device", 4096)
    >>> b.memcpy(device, host, s)
    >>> len(b.build())
    1
    """

    def __init__(self, name: str, **labels: Param) -> None:
        self._name = name
        self._labels = dict(labels)
        self._threads: dict[str, list[o.Op]] = {"main": []}
        self._ops: list[o.Op] = self._threads["main"]
        self._streams: list[Stream] = []
        self._events: list[Event] = []
        self._buffers: list[Buffer] = []
        self._whole: dict[int, Span] = {}
        self._graphs: list[o.Graph] = []
        self._fills: list[Fill] = []
        self._expects: list[Expect] = []
        self._needs: set[str] = set()

    # Handles

    def stream(
        self,
        name: str,
        *,
        blocking: bool = False,
        priority: int = 0,
        device: int = 0,
    ) -> Stream:
        """Create a stream; non-blocking (``cudaStreamNonBlocking``) unless ``blocking``."""
        kind = StreamKind.BLOCKING if blocking else StreamKind.NON_BLOCKING
        return self._stream(name, device, kind, priority)

    def legacy_stream(self, device: int = 0) -> Stream:
        """The legacy default stream (``cudaStreamLegacy``) of a device."""
        return self._default("default", device, StreamKind.LEGACY)

    def per_thread_stream(self, device: int = 0) -> Stream:
        """The per-thread default stream (``cudaStreamPerThread``): one on each host thread."""
        return self._default("per-thread default", device, StreamKind.PER_THREAD)

    def _default(self, name: str, device: int, kind: StreamKind) -> Stream:
        for stream in self._streams:
            if stream.kind is kind and stream.device == device:
                return stream
        return self._stream(name, device, kind, 0)

    def _stream(self, name: str, device: int, kind: StreamKind, priority: int) -> Stream:
        stream = Stream(len(self._streams) + 1, name, device, kind, priority)
        self._streams.append(stream)
        return stream

    def event(self, name: str, *, timing: bool = False, device: int = 0) -> Event:
        """Create an event; ``timing`` False stands for ``cudaEventDisableTiming``."""
        event = Event(len(self._events) + 1, name, device, timing)
        self._events.append(event)
        return event

    def host(self, name: str, nbytes: int, *, pinned: bool, fill: Values | None = None) -> Buffer:
        """Host memory, allocated before the Program starts."""
        kind = MemoryKind.PINNED if pinned else MemoryKind.PAGEABLE
        return self._buffer(name, nbytes, kind, -1, fill)

    def device(
        self, name: str, nbytes: int, *, device: int = 0, fill: Values | None = None
    ) -> Buffer:
        """Device memory, there from the start unless the Program allocates it itself."""
        return self._buffer(name, nbytes, MemoryKind.DEVICE, device, fill)

    def _buffer(
        self, name: str, nbytes: int, kind: MemoryKind, device: int, fill: Values | None
    ) -> Buffer:
        if nbytes < 1:
            raise ProgramError(f"buffer {name!r} must hold at least one byte, not {nbytes}")
        buffer = Buffer(len(self._buffers) + 1, name, nbytes, kind, device)
        self._buffers.append(buffer)
        self._whole[buffer.id] = buffer.span()
        if fill is not None:
            self._fills.append(Fill(buffer, fill))
        return buffer

    def expect(
        self, memory: Memory, values: Values, *, rtol: float = 0.0, needs: Sequence[str] = ()
    ) -> None:
        """State the known answer that ``memory`` (host memory) must hold after each repeat.

        Not on devices that lack one of the features ``needs``, where something else runs.
        """
        self._expects.append(Expect(self._span(memory), values, rtol, tuple(needs)))

    def _span(self, memory: Memory) -> Span:
        """The span of ``memory``; one object for every use of a whole buffer, to keep it small."""
        if isinstance(memory, Span):
            return memory
        whole = self._whole.get(memory.id)
        return whole if whole is not None and whole.buffer is memory else memory.span()

    # Operations

    def launch(
        self,
        kernel: Kernel,
        stream: Stream,
        *,
        grid: Grid,
        block: Grid,
        args: Sequence[Memory | TensorMap | Scalar] = (),
        work: Work,
        inputs: Sequence[Memory] = (),
        outputs: Sequence[Memory] = (),
        cluster: Grid = 1,
        dynamic_shared_bytes: int = 0,
        pdl: bool = False,
        cooperative: bool = False,
    ) -> None:
        """Launch a kernel; see :class:`timeline.program.Launch`."""
        arguments = tuple([self._span(a) if isinstance(a, Buffer) else a for a in args])
        op = o.Launch(
            stream,
            kernel,
            _dim3(grid),
            _dim3(block),
            arguments,
            work,
            tuple([self._span(m) for m in inputs]),
            tuple([self._span(m) for m in outputs]),
            _dim3(cluster),
            dynamic_shared_bytes,
            pdl,
            cooperative,
        )
        if op.needs:
            self._needs.update(op.needs)
        self._add(op)

    @contextmanager
    def otherwise(self) -> Iterator[None]:
        """The launch inside runs instead of the last one where the device lacks what that needs.

        Raises
        ------
        ProgramError
            When there is not one launch inside, behind another.
        """
        ops, before = self._ops, len(self._ops)
        yield
        last, inside = ops[max(before - 1, 0) : before], ops[before:]
        if [type(op) for op in (*last, *inside)] != [o.Launch, o.Launch]:
            raise ProgramError("otherwise() takes one launch, right behind what it stands in for")
        first, other = (op for op in (*last, *inside) if isinstance(op, o.Launch))
        ops[before - 1 :] = [replace(first, instead=other)]

    def memcpy(self, dst: Memory, src: Memory, stream: Stream, *, blocking: bool = False) -> None:
        """``cudaMemcpyAsync``, or ``cudaMemcpy`` when ``blocking``."""
        self._add(o.Memcpy(stream, self._span(dst), self._span(src), blocking))

    def memset(self, dst: Memory, value: int, stream: Stream) -> None:
        """``cudaMemsetAsync``."""
        self._add(o.Memset(stream, self._span(dst), value))

    def malloc(self, buffer: Buffer) -> None:
        """``cudaMalloc``."""
        self._add(o.Malloc(buffer.span()))

    def free(self, buffer: Buffer) -> None:
        """``cudaFree``."""
        self._add(o.Free(buffer.span()))

    def malloc_async(self, buffer: Buffer, stream: Stream) -> None:
        """``cudaMallocAsync``."""
        self._add(o.MallocAsync(stream, buffer.span()))

    def free_async(self, buffer: Buffer, stream: Stream) -> None:
        """``cudaFreeAsync``."""
        self._add(o.FreeAsync(stream, buffer.span()))

    def release_threshold(self, nbytes: int, *, device: int = 0) -> None:
        """Set how much the default pool keeps when the device synchronises."""
        self._add(o.SetReleaseThreshold(device, nbytes))

    def record(self, event: Event, stream: Stream) -> None:
        """``cudaEventRecord``."""
        self._add(o.EventRecord(stream, event))

    def wait(self, stream: Stream, event: Event) -> None:
        """``cudaStreamWaitEvent``."""
        self._add(o.StreamWaitEvent(stream, event))

    def event_synchronize(self, event: Event) -> None:
        """``cudaEventSynchronize``."""
        self._add(o.EventSynchronize(event))

    def event_query(self, event: Event) -> None:
        """``cudaEventQuery`` until the event has completed."""
        self._add(o.EventQuery(event))

    def stream_synchronize(self, stream: Stream) -> None:
        """``cudaStreamSynchronize``."""
        self._add(o.StreamSynchronize(stream))

    def device_synchronize(self, device: int = 0) -> None:
        """``cudaDeviceSynchronize``."""
        self._add(o.DeviceSynchronize(device))

    def host_work(
        self,
        name: str,
        ns: int,
        *,
        inputs: Sequence[Memory] = (),
        outputs: Sequence[Memory] = (),
    ) -> None:
        """Let the host thread spin for ``ns`` nanoseconds."""
        self._add(self.host_body(name, ns, inputs=inputs, outputs=outputs))

    @staticmethod
    def host_body(
        name: str,
        ns: int,
        *,
        inputs: Sequence[Memory] = (),
        outputs: Sequence[Memory] = (),
    ) -> o.HostWork:
        """A piece of host work for the body of :meth:`host_func`."""
        return o.HostWork(name, ns, _spans(inputs), _spans(outputs))

    def host_func(self, name: str, stream: Stream, body: Sequence[o.Op]) -> None:
        """``cudaLaunchHostFunc``."""
        self._add(o.LaunchHostFunc(stream, name, tuple(body)))

    def all_reduce(self, memories: Sequence[Memory], streams: Sequence[Stream]) -> None:
        """``ncclAllReduce`` over one span and one stream a device."""
        self._add(o.AllReduce(tuple(self._span(m) for m in memories), tuple(streams)))

    def host_barrier(self, name: str) -> None:
        """Wait for every host thread that names this barrier."""
        self._add(o.HostBarrier(name))

    def graph_launch(self, graph: o.Graph, stream: Stream) -> None:
        """``cudaGraphLaunch``."""
        self._add(o.GraphLaunch(stream, graph))

    def _add(self, op: o.Op) -> None:
        self._ops.append(op)

    # Scopes

    @contextmanager
    def range(self, name: str, *, category: str = "", color: int | None = None) -> Iterator[None]:
        """NVTX range around the operations issued inside."""
        self._add(o.RangePush(name, category, color))
        try:
            yield
        finally:
            self._add(o.RangePop())

    @contextmanager
    def thread(self, name: str) -> Iterator[None]:
        """Issue the operations inside from the host thread ``name``."""
        outer, self._ops = self._ops, self._threads.setdefault(name, [])
        try:
            yield
        finally:
            self._ops = outer

    @contextmanager
    def capture(self, name: str, origin: Stream) -> Iterator[list[o.Graph]]:
        """Capture the operations inside into a graph (``cudaStreamCaptureModeGlobal``).

        Yields a list that holds the :class:`timeline.program.Graph` once the scope has ended.
        """
        outer, inner = self._ops, list[o.Op]()
        self._ops = inner
        captured: list[o.Graph] = []
        try:
            yield captured
        finally:
            self._ops = outer
        stream_ops: list[o.StreamOp] = []
        for op in inner:
            if isinstance(op, o.RangePush | o.RangePop):
                continue
            if not isinstance(op, o.StreamOp) or o.is_host_paced(op):
                raise ProgramError(
                    f"graph {name!r}: {type(op).__name__} can't be captured; "
                    "only asynchronous stream operations can"
                )
            stream_ops.append(op)
        graph = o.Graph(len(self._graphs) + 1, name, origin, tuple(stream_ops))
        self._graphs.append(graph)
        captured.append(graph)

    def build(self) -> Program:
        """Check everything and return the Program.

        Raises
        ------
        ProgramError
            For an operation that CUDA would refuse or leave undefined, named with its place.
        DataRaceError
            When two operations touch the same bytes, one writes, and nothing orders them.
        """
        program = Program(
            self._name,
            tuple(HostThread(name, tuple(ops)) for name, ops in self._threads.items() if ops),
            tuple(self._streams),
            tuple(self._events),
            tuple(self._buffers),
            tuple(self._graphs),
            tuple(self._fills),
            tuple(self._expects),
            dict(self._labels),
            tuple(sorted(self._needs)),
        )
        validate(program)
        return program
