"""A Program made worse in one way. Each function returns None where it has nothing to work on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from timeline.program import (
    Buffer,
    HostThread,
    Kernel,
    Launch,
    Memcpy,
    MemoryKind,
    Op,
    Program,
    Stream,
    StreamKind,
    StreamOp,
    StreamWaitEvent,
    Work,
)

STRAY = Kernel("stray", "spin.cu", "spin")
STRAY_NS = 20_000

Edit = Callable[[Program], Program | None]


def pageable_copy(program: Program) -> Program | None:
    """The first pinned buffer that is copied from or to is pageable."""
    copied = [s.buffer for op in program.ops() if isinstance(op, Memcpy) for s in (op.src, op.dst)]
    pinned = next((b for b in copied if b.kind is MemoryKind.PINNED), None)
    if pinned is None or program.graphs:  # a graph can't hold a copy of pageable memory
        return None
    pageable = dataclasses.replace(pinned, kind=MemoryKind.PAGEABLE)
    return _changed(program, lambda one: pageable if one == pinned else one)


def stray_launch(program: Program) -> Program | None:
    """A kernel of 20 us in the legacy default stream, in the middle of what is issued."""
    known = next((s for s in program.streams if s.kind is StreamKind.LEGACY), None)
    number = max(s.id for s in program.streams) + 1
    stream = known or Stream(number, "default", 0, StreamKind.LEGACY, 0)
    stray = Launch(stream, STRAY, (132, 1, 1), (256, 1, 1), (), Work(block_ns=STRAY_NS))
    longest = max(program.threads, key=lambda thread: len(thread.ops))
    places = [i for i, op in enumerate(longest.ops) if isinstance(op, StreamOp)]
    middle = places[len(places) // 2]
    streams = program.streams if known else (*program.streams, stream)
    ops = (*longest.ops[:middle], stray, *longest.ops[middle:])
    return dataclasses.replace(_with_ops(program, longest, ops), streams=streams)


def lost_event(program: Program) -> Program | None:
    """The middle wait of a stream for an event is not issued."""
    for thread in program.threads:
        waits = [i for i, op in enumerate(thread.ops) if isinstance(op, StreamWaitEvent)]
        if waits:
            middle = waits[len(waits) // 2]
            return _with_ops(program, thread, (*thread.ops[:middle], *thread.ops[middle + 1 :]))
    return None


def slower_kernel(program: Program) -> Program | None:
    """Kernels of every name take a tenth longer."""

    def slower(one: Any) -> Any:
        if not isinstance(one, Work):
            return one
        costs = ("block_ns", "flops", "dram_bytes", "tensor_flops", "l2_bytes")
        return dataclasses.replace(one, **{c: getattr(one, c) * 1.1 for c in costs})

    return _changed(program, slower)


def stream_fewer(program: Program) -> Program | None:
    """The last stream's work goes into the first one of its kind and device."""
    working = {op.stream for op in program.ops() if isinstance(op, StreamOp)}
    kinds = (StreamKind.BLOCKING, StreamKind.NON_BLOCKING)
    used = [s for s in program.streams if s in working and s.kind in kinds]
    last = used[-1] if used else None
    alike = [s for s in used[:-1] if last and (s.device, s.kind) == (last.device, last.kind)]
    if not alike or program.graphs:
        return None
    return _changed(program, lambda one: alike[0] if one == last else one)


EDITS: Mapping[str, Edit] = {
    "pageable copy": pageable_copy,
    "stray default-stream launch": stray_launch,
    "lost event": lost_event,
    "10 % slower kernel": slower_kernel,
    "one stream fewer": stream_fewer,
}


def _with_ops(program: Program, old: HostThread, ops: tuple[Op, ...]) -> Program:
    new = dataclasses.replace(old, ops=ops)
    threads = tuple(new if thread is old else thread for thread in program.threads)
    return dataclasses.replace(program, threads=threads)


def _changed(program: Program, change: Callable[[Any], Any]) -> Program:
    """Every stream, buffer and cost in the Program's operations, as ``change`` has it."""
    seen: dict[int, Any] = {}

    def walk(one: Any) -> Any:
        if isinstance(one, tuple):
            return tuple(walk(inner) for inner in one)
        if not dataclasses.is_dataclass(one) or isinstance(one, type):
            return one
        if id(one) not in seen:
            new = change(one)
            if new is one and not isinstance(one, Buffer | Stream | Kernel):
                fields = {f.name: getattr(one, f.name) for f in dataclasses.fields(one) if f.init}
                walked = {name: walk(value) for name, value in fields.items()}
                same = all(walked[name] is value for name, value in fields.items())
                new = one if same else dataclasses.replace(one, **walked)
            seen[id(one)] = new
        return seen[id(one)]

    found = walk(program)
    assert isinstance(found, Program)
    return found
