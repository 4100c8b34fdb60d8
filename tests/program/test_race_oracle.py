"""Random Programs against a second reading of the rules: sets of ancestors instead of clocks."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import DataRaceError, ProgramError
from timeline.program import (
    Buffer,
    Builder,
    DeviceSynchronize,
    EventQuery,
    EventRecord,
    EventSynchronize,
    HostBarrier,
    HostWork,
    Kernel,
    Memcpy,
    MemoryKind,
    Op,
    Program,
    Span,
    Stream,
    StreamKind,
    StreamOp,
    StreamSynchronize,
    StreamWaitEvent,
    Work,
)

KERNEL = Kernel("k", "k.cu", "k")
BYTES = 8
BLOCKING = (StreamKind.BLOCKING, StreamKind.PER_THREAD)


@dataclass
class Issued:
    """One operation in a stream: when it was issued, and everything before it."""

    op: StreamOp
    thread: int
    call: int
    node: int
    before: int


@dataclass
class Oracle:
    """Ancestors of every node as bits of an int; a call and an execution are nodes of their own."""

    known: list[int]
    nodes: int = 0
    issued: list[Issued] = field(default_factory=list)
    waits: list[tuple[int, int, int]] = field(default_factory=list)
    accesses: list[tuple[int, int, Span, bool]] = field(default_factory=list)
    wrong: set[type[ProgramError]] = field(default_factory=set)

    def node(self) -> int:
        self.nodes += 1
        return 1 << self.nodes

    def follow(self, thread: int, op: Op) -> None:
        call = self.node()
        if isinstance(op, StreamOp) and not isinstance(op, StreamSynchronize):
            self.stream_op(thread, call, op)
        elif isinstance(op, StreamSynchronize):
            self.known[thread] |= self.executed(thread, lambda i: same_stream(i, op.stream, thread))
        elif isinstance(op, DeviceSynchronize):
            self.known[thread] |= self.executed(thread, lambda i: i.op.stream.device == op.device)
        elif isinstance(op, EventSynchronize | EventQuery):
            self.known[thread] |= self.record(thread, call, op.event.id)
        elif isinstance(op, HostWork):
            for span in op.inputs:
                self.access(call, self.known[thread], span, False)
            for span in op.outputs:
                self.access(call, self.known[thread], span, True)
        self.known[thread] |= call

    def stream_op(self, thread: int, call: int, op: StreamOp) -> None:
        stream = op.stream
        first = self.executed(thread, lambda i: goes_first(i, stream, thread))
        before = self.known[thread] | first
        node = self.node()
        if isinstance(op, StreamWaitEvent):
            before |= self.record(thread, call, op.event.id)
        if isinstance(op, EventRecord):
            for event, waiter, at in self.waits:
                if event == op.event.id and waiter != thread and not self.known[thread] & at:
                    self.wrong.add(ProgramError)
        staged = isinstance(op, Memcpy) and staged_copy(op)
        if staged and isinstance(op, Memcpy):
            if op.blocking:
                self.known[thread] |= before
            self.access(call, self.known[thread], op.src, False)
        else:
            for span in op.reads:
                self.access(node, before, span, False)
        for span in op.writes:
            self.access(node, before, span, True)
        self.issued.append(Issued(op, thread, call, node, before))
        if isinstance(op, Memcpy) and not staged and holds_host(op):
            self.known[thread] |= before | node

    def executed(self, thread: int, chosen: object) -> int:
        """Nodes of what ``chosen`` picks of the operations that were certainly issued before."""
        found = 0
        for issued in self.issued:
            mine = issued.thread == thread or self.known[thread] & issued.call
            if mine and chosen(issued):  # type: ignore[operator]
                found |= issued.node | issued.before
        return found

    def record(self, thread: int, call: int, event: int) -> int:
        self.waits.append((event, thread, call))
        records = [
            i for i in self.issued if isinstance(i.op, EventRecord) and i.op.event.id == event
        ]
        if not records:
            self.wrong.add(ProgramError)
            return 0
        if any(r.thread != thread and not self.known[thread] & r.call for r in records):
            self.wrong.add(ProgramError)
            return 0
        *_, last = records
        for other in records:
            if other.thread != last.thread and not last.before & other.call:
                self.wrong.add(ProgramError)
        return last.node | last.before

    def access(self, node: int, before: int, span: Span, writes: bool) -> None:
        for other, _, touched, wrote in self.accesses:
            if touched.overlaps(span) and (wrote or writes) and not (before | node) & other:
                self.wrong.add(DataRaceError)
        self.accesses.append((node, before, span, writes))


def same_stream(issued: Issued, stream: Stream, thread: int) -> bool:
    own = stream.kind is not StreamKind.PER_THREAD or issued.thread == thread
    return issued.op.stream == stream and own


def goes_first(issued: Issued, stream: Stream, thread: int) -> bool:
    kind = issued.op.stream.kind
    legacy = stream.kind is StreamKind.LEGACY and kind in BLOCKING
    blocking = stream.kind in BLOCKING and kind is StreamKind.LEGACY
    return same_stream(issued, stream, thread) or legacy or blocking


def staged_copy(op: Memcpy) -> bool:
    return op.src.buffer.kind is MemoryKind.PAGEABLE and not op.dst.buffer.kind.on_host


def holds_host(op: Memcpy) -> bool:
    ends = (op.src.buffer.kind, op.dst.buffer.kind)
    if op.dst.buffer.kind is MemoryKind.PAGEABLE or all(kind.on_host for kind in ends):
        return True
    return op.blocking and any(kind.on_host for kind in ends)


def verdict(phases: list[list[list[Op]]]) -> set[type[ProgramError]]:
    """What is wrong with threads that run phase after phase and meet between."""
    oracle = Oracle([0] * len(phases[0]))
    for phase in phases:
        for thread, ops in enumerate(phase):
            for op in ops:
                oracle.follow(thread, op)
        everything = 0
        for known in oracle.known:
            everything |= known
        oracle.known = [everything] * len(phase)
    return oracle.wrong


@st.composite
def programs(draw: st.DrawFn) -> tuple[Program | ProgramError, list[list[list[Op]]]]:
    b = Builder("random")
    streams = [
        b.stream("n1"),
        b.stream("n2"),
        b.stream("b1", blocking=True),
        b.stream("b2", blocking=True),
        b.legacy_stream(),
        b.per_thread_stream(),
    ]
    chosen = draw(st.lists(st.sampled_from(streams), min_size=1, max_size=3))
    events = [b.event("e1"), b.event("e2")]
    device = [b.device("d1", BYTES), b.device("d2", BYTES)]
    host = [b.host("pinned", BYTES, pinned=True), b.host("pageable", BYTES, pinned=False)]

    def part(buffers: list[Buffer]) -> Span:
        offset, length = draw(st.sampled_from([(0, BYTES), (0, 4), (4, 4)]))
        return draw(st.sampled_from(buffers)).span(offset, length)

    def some(buffers: list[Buffer]) -> list[Span]:
        return [part(buffers) for _ in range(draw(st.integers(0, 1)))]

    def copy(stream: Stream) -> None:
        src, dst = draw(st.permutations([device[0], host[0], host[1]]))[:2]
        b.memcpy(dst.span(0, 4), src.span(4, 4), stream, blocking=draw(st.booleans()))

    def issue() -> None:
        stream, event = draw(st.sampled_from(chosen)), draw(st.sampled_from(events))
        what = draw(st.integers(0, 11))
        if what <= 2:
            inputs, outputs = some(device), some(device)
            b.launch(KERNEL, stream, grid=1, block=1, work=Work(), inputs=inputs, outputs=outputs)
        elif what == 3:
            copy(stream)
        elif what <= 5:
            b.record(event, stream)
        elif what == 6:
            b.wait(stream, event)
        elif what == 7:
            b.event_synchronize(event)
        elif what == 8:
            b.stream_synchronize(stream)
        elif what == 9:
            b.device_synchronize()
        elif what == 10:
            b.host_work("w", 1, inputs=some(host), outputs=some(host))
        else:
            b.host_func("f", stream, [b.host_body("w", 1, inputs=some(host), outputs=some(host))])

    threads = draw(st.integers(1, 3))
    phases = draw(st.integers(1, 3))
    for phase in range(phases):
        for thread in range(threads):
            with b.thread(f"t{thread}"):
                if phase and threads > 1:
                    b.host_barrier("phase")
                for _ in range(draw(st.integers(0 if threads == 1 else 1, 5))):
                    issue()
    try:
        built: Program | ProgramError = b.build()
    except ProgramError as error:
        built = error
    return built, split(b, threads)


def split(b: Builder, threads: int) -> list[list[list[Op]]]:
    """The issued operations by phase and thread."""
    phases: list[list[list[Op]]] = [[[] for _ in range(threads)]]
    for thread in range(threads):
        phase = 0
        for op in b._threads.get(f"t{thread}", []):
            if isinstance(op, HostBarrier):
                phase += 1
                if phase == len(phases):
                    phases.append([[] for _ in range(threads)])
            else:
                phases[phase][thread].append(op)
    return phases


@settings(max_examples=250, deadline=None)
@given(programs())
def test_validation_agrees_with_the_transitive_closure(
    case: tuple[Program | ProgramError, list[list[list[Op]]]],
) -> None:
    built, phases = case
    expected = verdict(phases)
    if isinstance(built, ProgramError):
        assert type(built) in expected, str(built)
    else:
        assert not expected
