"""Verification: the Program's data effects, in the order of simulated time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.sim.codes import KERNEL
from timeline.backends.sim.plan import Plan
from timeline.backends.sim.simulate import Repeat
from timeline.errors import ProgramError, VerificationError
from timeline.program import (
    AllReduce,
    Buffer,
    Expect,
    GraphLaunch,
    Launch,
    Memcpy,
    Memset,
    Op,
    Span,
    span_of,
)

__all__ = ["verify"]

Bytes = npt.NDArray[np.uint8]


def verify(plan: Plan, repeat: Repeat) -> int:
    """Check every known answer after a repeat; returns how many were checked.

    Inputs are read when an activity starts (a kernel that started at its primary's trigger: when
    ``griddepcontrol.wait`` returns) and outputs written when it ends. Answers that depend on
    a kernel without ``emulate`` are left out.

    Raises
    ------
    VerificationError
        When an output is not the known answer.
    """
    memory = _Memory(plan)
    pending: dict[int, Callable[[], None]] = {}
    moments = _moments(plan, repeat)
    for i, (_, starts, node) in enumerate(moments):
        if starts:
            alone = i + 1 < len(moments) and moments[i + 1][2] == node
            pending[node] = _begin(memory, _operation(plan, node), alone=alone)
        else:
            pending.pop(node)()
    return sum(_check(memory, expect) for expect in plan.program.expects)


def _moments(plan: Plan, repeat: Repeat) -> list[tuple[int, int, int]]:
    """(time, whether it starts, node) of everything that touches data; ends before starts."""
    found = []
    for node, kind in enumerate(plan.node_kind):
        start = repeat.run.start[node]
        if kind >= KERNEL and start >= 0:
            end = repeat.run.finish[node]
            primary = repeat.run.primary.get(node)
            if primary is not None:
                start = min(max(start, repeat.run.finish[primary]), end)
            found.append((start, 1, node))
            found.append((end, 0 if end > start else 2, node))
    return sorted(found)


def _operation(plan: Plan, node: int) -> Op:
    """The operation behind a node; its class may stand for many, so it is looked up by place."""
    place = int(plan.node_op[node])
    for thread in plan.threads:
        if place < thread.first_op + len(thread.ops):
            op = thread.ops[place - thread.first_op]
            first = thread.nodes[place - thread.first_op]
            if isinstance(op, GraphLaunch):
                cls = plan.node_class[node]
                graph = next(g for g in plan.graphs if cls in g.classes)
                return graph.ops[node - first - 1]
            if isinstance(op, AllReduce) and node != first + len(op.streams) - 1:
                return _NOTHING  # the last rank's node stands for all
            return op
    raise ProgramError(f"node {node} belongs to no operation")


_NOTHING = Op()


@dataclass
class _Cell:
    """A buffer's bytes, and which of them nobody knows."""

    data: Bytes
    unknown: Bytes | None = None

    def is_known(self, span: Span) -> bool:
        part = slice(span.offset, span.offset + span.bytes)
        return self.unknown is None or not bool(self.unknown[part].any())

    def mark(self, span: Span, *, known: bool) -> None:
        if self.unknown is None:
            if known:
                return
            self.unknown = np.zeros(len(self.data), np.uint8)
        self.unknown[span.offset : span.offset + span.bytes] = not known


@dataclass
class _Memory:
    """All buffers, made when first touched."""

    plan: Plan
    cells: dict[int, _Cell] = field(default_factory=dict)

    def cell(self, buffer: Buffer) -> _Cell:
        found = self.cells.get(buffer.id)
        if found is None:
            found = self.cells[buffer.id] = _Cell(self._initial(buffer))
        return found

    def _initial(self, buffer: Buffer) -> Bytes:
        data = np.empty(buffer.bytes, np.uint8)
        filled = 0
        for fill in self.plan.program.fills:
            if fill.buffer.id == buffer.id:
                values = _bytes(fill.values())
                if len(values) > buffer.bytes:
                    raise ProgramError(
                        f"buffer {buffer.name!r} of {buffer.bytes} bytes is filled with "
                        f"{len(values)}"
                    )
                data[: len(values)] = values
                filled = len(values)
        data[filled:] = 0xFF
        return data

    def view(self, span: Span) -> Bytes:
        return self.cell(span.buffer).data[span.offset : span.offset + span.bytes]


def _bytes(values: npt.NDArray[Any]) -> Bytes:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def _begin(memory: _Memory, op: Op, *, alone: bool) -> Callable[[], None]:
    """An activity starts: take its inputs. What is returned writes its outputs at its end.

    ``alone``: nothing starts or ends in between, so that no copy of the inputs is needed.
    """
    if isinstance(op, Memcpy):
        return _begin_copy(memory, op, alone=alone)
    if isinstance(op, Launch):
        return _begin_launch(memory, op, alone=alone)
    if isinstance(op, Memset):
        return lambda: _write(memory, op.dst, np.full(op.dst.bytes, op.value & 0xFF, np.uint8))
    if isinstance(op, AllReduce):
        return _begin_reduce(memory, op)
    return lambda: None


def _write(memory: _Memory, span: Span, values: Bytes, *, known: bool = True) -> None:
    memory.view(span)[:] = values
    memory.cell(span.buffer).mark(span, known=known)


def _begin_copy(memory: _Memory, op: Memcpy, *, alone: bool) -> Callable[[], None]:
    source = memory.cell(op.src.buffer)
    known = source.is_known(op.src)
    values = memory.view(op.src)
    values = values if alone else values.copy()
    part = slice(op.src.offset, op.src.offset + op.src.bytes)
    unknown = None if known or source.unknown is None else source.unknown[part].copy()

    def end() -> None:
        _write(memory, op.dst, values)
        if unknown is not None:
            target = memory.cell(op.dst.buffer)
            target.mark(op.dst, known=False)
            if target.unknown is not None:
                target.unknown[op.dst.offset : op.dst.offset + op.dst.bytes] = unknown

    return end


def _begin_launch(memory: _Memory, op: Launch, *, alone: bool) -> Callable[[], None]:
    named = [span_of(a) for a in op.args]
    spans = [span for span in named if span is not None]
    known = op.kernel.emulate is not None and all(
        memory.cell(s.buffer).is_known(s) for s in op.inputs
    )
    if op.kernel.emulate is None:
        return lambda: _mark_unknown(memory, op)
    emulate = op.kernel.emulate
    views = {} if alone else _copies(memory, [*spans, *op.outputs])
    arguments = [
        a if span is None else memory.view(span) if alone else _part(views, span)
        for a, span in zip(op.args, named, strict=True)
    ]
    if not alone:
        emulate(arguments)

    def end() -> None:
        if alone:
            emulate(arguments)
        for span in op.outputs:
            if span.buffer.id in views:
                memory.view(span)[:] = _part(views, span)
            memory.cell(span.buffer).mark(span, known=known)

    return end


def _copies(memory: _Memory, spans: list[Span]) -> dict[int, tuple[int, Bytes]]:
    """By buffer: a copy of what the spans touch, and where it begins. They may overlap."""
    copies = {}
    for buffer in {s.buffer.id: s.buffer for s in spans}.values():
        own = [s for s in spans if s.buffer.id == buffer.id]
        first, last = min(s.offset for s in own), max(s.offset + s.bytes for s in own)
        copies[buffer.id] = first, memory.cell(buffer).data[first:last].copy()
    return copies


def _part(copies: dict[int, tuple[int, Bytes]], span: Span) -> Bytes:
    first, data = copies[span.buffer.id]
    return data[span.offset - first : span.offset - first + span.bytes]


def _mark_unknown(memory: _Memory, op: Launch) -> None:
    for span in op.outputs:
        memory.cell(span.buffer).mark(span, known=False)


def _begin_reduce(memory: _Memory, op: AllReduce) -> Callable[[], None]:
    parts = [memory.view(s).view(np.float32) for s in op.spans]
    known = all(memory.cell(s.buffer).is_known(s) for s in op.spans)
    total = _bytes(np.asarray(np.sum(parts, axis=0, dtype=np.float32)))

    def end() -> None:
        for span in op.spans:
            _write(memory, span, total, known=known)

    return end


def _check(memory: _Memory, expect: Expect) -> bool:
    """Compare one answer; False when it can't be known."""
    span = expect.span
    if not memory.cell(span.buffer).is_known(span):
        return False
    wanted = np.ascontiguousarray(expect.values()).reshape(-1)
    if wanted.nbytes != span.bytes:
        raise ProgramError(
            f"buffer {span.buffer.name!r}: the known answer has {wanted.nbytes} bytes, "
            f"the span {span.bytes}"
        )
    found = memory.view(span).copy().view(wanted.dtype)
    wrong = _differences(found, wanted, expect.rtol)
    if len(wrong):
        i = int(wrong[0])
        raise VerificationError(
            f"buffer {span.buffer.name!r}, element {i} from byte {span.offset}: got {found[i]}, "
            f"expected {wanted[i]} ({len(wrong)} of {len(wanted)} differ)"
        )
    return True


def _differences(
    found: npt.NDArray[Any], wanted: npt.NDArray[Any], rtol: float
) -> npt.NDArray[np.int64]:
    if np.array_equal(found.view(np.uint8), wanted.view(np.uint8)):
        return np.empty(0, np.int64)
    if rtol:
        same = np.isclose(found, wanted, rtol=rtol, atol=0.0, equal_nan=True)
    else:
        same = (found == wanted) | ((found != found) & (wanted != wanted))
    return np.nonzero(~same)[0]
