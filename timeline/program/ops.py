"""The operations a host thread issues, named after the CUDA calls they stand for.

Each is plain data; :class:`timeline.program.Builder` makes them and checks them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from timeline.program.handles import Event, Span, Stream
from timeline.program.kernel import Dim3, Kernel, Scalar, Work
from timeline.program.tensor_map import TensorMap

Arg = Span | TensorMap | Scalar


def span_of(arg: Arg) -> Span | None:
    """The memory that an argument names, if it names any."""
    if isinstance(arg, TensorMap):
        return arg.span
    return arg if isinstance(arg, Span) else None


class CopyKind(StrEnum):
    """Direction of a copy, in CUPTI's words."""

    HTOD = "HtoD"
    DTOH = "DtoH"
    DTOD = "DtoD"
    PTOP = "PtoP"
    HTOH = "HtoH"


@dataclass(frozen=True, slots=True)
class Op:
    """Base of all operations."""

    call: ClassVar[str] = ""
    """The CUDA call it stands for, as a trace's ``calls`` table names it."""


@dataclass(frozen=True, slots=True)
class StreamOp(Op):
    """Base of the operations that are put into a stream."""

    stream: Stream

    @property
    def reads(self) -> tuple[Span, ...]:
        """Bytes read when it executes."""
        return ()

    @property
    def writes(self) -> tuple[Span, ...]:
        """Bytes written when it executes."""
        return ()


@dataclass(frozen=True, slots=True)
class Launch(StreamOp):
    """``cuLaunchKernelEx``: one kernel.

    Attributes
    ----------
    work : Work
        Cost of one block, for the simulator.
    inputs, outputs : tuple of Span
        What it reads and writes; the race check and the simulator's verification use them.
    pdl : bool
        Programmatic stream serialisation: it may start at the previous kernel's trigger.
    instead : Launch, optional
        What runs in its place, to the same effect, on a device that lacks what it needs.
    """

    call: ClassVar[str] = "cuLaunchKernelEx"
    kernel: Kernel
    grid: Dim3
    block: Dim3
    args: tuple[Arg, ...]
    work: Work
    inputs: tuple[Span, ...] = ()
    outputs: tuple[Span, ...] = ()
    cluster: Dim3 = (1, 1, 1)
    dynamic_shared_bytes: int = 0
    pdl: bool = False
    cooperative: bool = False
    instead: Launch | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Features that its device must have."""
        if self.cluster == (1, 1, 1) and not self.pdl:
            return self.kernel.needs
        own = ("cluster",) if self.cluster != (1, 1, 1) else ()
        return tuple(dict.fromkeys((*self.kernel.needs, *own, *(("pdl",) if self.pdl else ()))))

    @property
    def reads(self) -> tuple[Span, ...]:
        return self.inputs

    @property
    def writes(self) -> tuple[Span, ...]:
        return self.outputs

    @property
    def blocks(self) -> int:
        """Blocks of the grid."""
        return self.grid[0] * self.grid[1] * self.grid[2]


@dataclass(frozen=True, slots=True)
class Memcpy(StreamOp):
    """``cudaMemcpyAsync``, ``cudaMemcpy`` when ``blocking``, ``cudaMemcpyPeerAsync`` to a peer."""

    dst: Span
    src: Span
    blocking: bool = False

    @property
    def reads(self) -> tuple[Span, ...]:
        return (self.src,)

    @property
    def writes(self) -> tuple[Span, ...]:
        return (self.dst,)

    @property
    def bytes(self) -> int:
        """Bytes copied."""
        return self.dst.bytes

    @property
    def kind(self) -> CopyKind:
        """Direction, from where the two ends live."""
        src, dst = self.src.buffer, self.dst.buffer
        if src.kind.on_host:
            return CopyKind.HTOH if dst.kind.on_host else CopyKind.HTOD
        if dst.kind.on_host:
            return CopyKind.DTOH
        return CopyKind.DTOD if src.device == dst.device else CopyKind.PTOP


@dataclass(frozen=True, slots=True)
class Memset(StreamOp):
    """``cudaMemsetAsync``: fill ``dst`` with the byte ``value``."""

    dst: Span
    value: int = 0

    @property
    def writes(self) -> tuple[Span, ...]:
        return (self.dst,)


@dataclass(frozen=True, slots=True)
class Malloc(Op):
    """``cudaMalloc`` of a whole buffer."""

    call: ClassVar[str] = "cudaMalloc"
    span: Span


@dataclass(frozen=True, slots=True)
class Free(Op):
    """``cudaFree``."""

    call: ClassVar[str] = "cudaFree"
    span: Span


@dataclass(frozen=True, slots=True)
class MallocAsync(StreamOp):
    """``cudaMallocAsync`` from the device's default pool."""

    call: ClassVar[str] = "cudaMallocAsync"
    span: Span


@dataclass(frozen=True, slots=True)
class FreeAsync(StreamOp):
    """``cudaFreeAsync``."""

    call: ClassVar[str] = "cudaFreeAsync"
    span: Span


@dataclass(frozen=True, slots=True)
class SetReleaseThreshold(Op):
    """``cudaMemPoolSetAttribute(cudaMemPoolAttrReleaseThreshold)`` of a device's default pool."""

    call: ClassVar[str] = "cudaMemPoolSetAttribute"
    device: int
    bytes: int


@dataclass(frozen=True, slots=True)
class EventRecord(StreamOp):
    """``cudaEventRecord``."""

    call: ClassVar[str] = "cudaEventRecord"
    event: Event


@dataclass(frozen=True, slots=True)
class StreamWaitEvent(StreamOp):
    """``cudaStreamWaitEvent``: later work of the stream waits for the event's latest record."""

    call: ClassVar[str] = "cudaStreamWaitEvent"
    event: Event


@dataclass(frozen=True, slots=True)
class EventSynchronize(Op):
    """``cudaEventSynchronize``: the host thread waits for the event's latest record."""

    call: ClassVar[str] = "cudaEventSynchronize"
    event: Event


@dataclass(frozen=True, slots=True)
class EventQuery(Op):
    """``cudaEventQuery`` in a loop until the event has completed: a host that polls."""

    call: ClassVar[str] = "cudaEventQuery"
    event: Event


@dataclass(frozen=True, slots=True)
class StreamSynchronize(StreamOp):
    """``cudaStreamSynchronize``."""

    call: ClassVar[str] = "cudaStreamSynchronize"


@dataclass(frozen=True, slots=True)
class DeviceSynchronize(Op):
    """``cudaDeviceSynchronize``."""

    call: ClassVar[str] = "cudaDeviceSynchronize"
    device: int = 0


@dataclass(frozen=True, slots=True)
class HostWork(Op):
    """Work of the host thread itself: it spins for ``ns`` nanoseconds.

    It carries no data: what a host thread reads of a device's output is named by ``inputs``, so
    that a missing synchronisation is found.
    """

    call: ClassVar[str] = ""
    name: str
    ns: int
    inputs: tuple[Span, ...] = ()
    outputs: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class LaunchHostFunc(StreamOp):
    """``cudaLaunchHostFunc``: ``body`` runs on a driver thread in stream order.

    The body may hold :class:`HostWork` alone; CUDA forbids CUDA calls inside.
    """

    call: ClassVar[str] = "cudaLaunchHostFunc"
    name: str
    body: tuple[Op, ...]

    @property
    def reads(self) -> tuple[Span, ...]:
        return tuple(s for op in self.body if isinstance(op, HostWork) for s in op.inputs)

    @property
    def writes(self) -> tuple[Span, ...]:
        return tuple(s for op in self.body if isinstance(op, HostWork) for s in op.outputs)


@dataclass(frozen=True, slots=True)
class Graph:
    """Operations captured from ``origin`` and the streams joined to it by events.

    Replaying it runs them with the order that streams and events gave them while capturing.
    """

    id: int
    name: str
    origin: Stream
    ops: tuple[StreamOp, ...]


@dataclass(frozen=True, slots=True)
class GraphLaunch(StreamOp):
    """``cudaGraphLaunch`` of an instantiated graph."""

    call: ClassVar[str] = "cudaGraphLaunch"
    graph: Graph

    @property
    def reads(self) -> tuple[Span, ...]:
        return tuple(s for op in self.graph.ops for s in op.reads)

    @property
    def writes(self) -> tuple[Span, ...]:
        return tuple(s for op in self.graph.ops for s in op.writes)


@dataclass(frozen=True, slots=True)
class AllReduce(Op):
    """``ncclAllReduce``, in place, float32 sum: ``spans[i]`` on ``streams[i]``, one a device."""

    call: ClassVar[str] = "ncclAllReduce"
    spans: tuple[Span, ...]
    streams: tuple[Stream, ...]


@dataclass(frozen=True, slots=True)
class RangePush(Op):
    """``nvtxRangePush``."""

    call: ClassVar[str] = ""
    name: str
    category: str = ""
    color: int | None = None


@dataclass(frozen=True, slots=True)
class RangePop(Op):
    """``nvtxRangePop``."""

    call: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class HostBarrier(Op):
    """Host threads that name the same barrier wait until all of them have reached it."""

    call: ClassVar[str] = ""
    name: str


HOST_PACED = (
    Malloc,
    Free,
    EventSynchronize,
    EventQuery,
    StreamSynchronize,
    DeviceSynchronize,
    HostWork,
)
"""Operations at which the host waits or works: a gate held past them would deadlock or lie."""


def is_host_paced(op: Op) -> bool:
    """Whether the device must already be running when the host gets to ``op``.

    True for everything that blocks the host thread: synchronisation, cudaMalloc and cudaFree,
    blocking copies, copies that touch pageable memory, and the host's own work.
    """
    if isinstance(op, Memcpy):
        return op.blocking or "pageable" in (op.src.buffer.kind, op.dst.buffer.kind)
    return isinstance(op, HOST_PACED)
