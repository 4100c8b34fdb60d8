"""Runs Programs with NumPy alone, in the order of issue, and checks their known answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from timeline.program import (
    AllReduce,
    Free,
    FreeAsync,
    HostBarrier,
    HostThread,
    Launch,
    Malloc,
    MallocAsync,
    Memcpy,
    Op,
    Program,
    Span,
)

Bytes = npt.NDArray[np.uint8]
Run = Callable[[Program], int]


def in_order(threads: Sequence[HostThread]) -> Iterator[Op]:
    """Thread by thread, each up to its next barrier."""
    left = [list(thread.ops) for thread in threads]
    while any(left):
        for ops in left:
            while ops and not isinstance(op := ops.pop(0), HostBarrier):
                yield op


class Memory:
    def __init__(self, program: Program) -> None:
        late = {op.span.buffer.id for op in program.ops() if isinstance(op, Malloc | MallocAsync)}
        self._bytes = {b.id: poison(b.bytes) for b in program.buffers if b.id not in late}
        for fill in program.fills:
            self._bytes[fill.buffer.id][:] = fill.values().view(np.uint8)

    def __getitem__(self, span: Span) -> Bytes:
        return self._bytes[span.buffer.id][span.offset : span.offset + span.bytes]

    def execute(self, op: Op) -> None:
        if isinstance(op, Malloc | MallocAsync):
            assert op.span.buffer.id not in self._bytes
            self._bytes[op.span.buffer.id] = poison(op.span.bytes)
        elif isinstance(op, Free | FreeAsync):
            del self._bytes[op.span.buffer.id]
        elif isinstance(op, Memcpy):
            self[op.dst][:] = self[op.src]
        elif isinstance(op, AllReduce):
            parts = [self[span].view(np.float32) for span in op.spans]
            total = np.sum(parts, axis=0, dtype=np.float32)
            for part in parts:
                part[:] = total
        elif isinstance(op, Launch):
            assert op.kernel.emulate is not None
            op.kernel.emulate([self[a] if isinstance(a, Span) else a for a in op.args])


def poison(nbytes: int) -> Bytes:
    return np.full(nbytes, 0xFF, np.uint8)


@pytest.fixture
def verified() -> Run:
    """Execute a Program in issue order; the number of known answers that held."""

    def run(program: Program) -> int:
        memory = Memory(program)
        for op in in_order(program.threads):
            memory.execute(op)
        for expect in program.expects:
            values = expect.values()
            assert expect.rtol == 0
            np.testing.assert_array_equal(memory[expect.span].view(values.dtype), values)
        return len(program.expects)

    return run
