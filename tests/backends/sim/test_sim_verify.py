"""Verification: the Program's data effects in simulated time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from timeline.errors import VerificationError
from timeline.program import Buffer, Builder, Kernel, Launch, Memcpy, Program, Stream, Work


def _double(args: Sequence[Any]) -> None:
    out, values, factor = args
    out.view(np.float32)[:] = values.view(np.float32) * factor


DOUBLE = Kernel("double", "elementwise.cu", "scale", emulate=_double)
OPAQUE = Kernel("opaque", "elementwise.cu", "scale")
VALUES = np.arange(64, dtype=np.float32)


def _pipeline(
    kernel: Kernel = DOUBLE, factor: float = 2.0
) -> tuple[Builder, Stream, Buffer, Buffer]:
    b = Builder("p")
    s = b.stream("s")
    h = b.host("h", 256, pinned=True, fill=lambda: VALUES)
    out = b.host("out", 256, pinned=True)
    d, e = b.device("d", 256), b.device("e", 256)
    b.memcpy(d, h, s)
    b.launch(
        kernel, s, grid=1, block=64, args=(e, d, np.float32(factor)),
        work=Work(100), inputs=(d,), outputs=(e,),
    )  # fmt: skip
    b.memcpy(out, e, s)
    return b, s, e, out


def test_right_answers_are_counted_in_every_repeat(sim: Any) -> None:
    b, _, _, out = _pipeline()
    b.expect(out, lambda: VALUES * 2)
    b.expect(out.span(0, 4), lambda: np.zeros(1, np.float32))
    assert sim.run(b).meta.verified == 2
    assert sim.run(b, repeat=3).meta.verified == 6
    assert sim.run(b, verify=False).meta.verified == 0


def test_a_wrong_answer_names_buffer_index_and_values(sim: Any) -> None:
    b, _, _, out = _pipeline(factor=3.0)
    b.expect(out, lambda: VALUES * 2)
    with pytest.raises(
        VerificationError,
        match=r"buffer 'out', element 1 from byte 0: got 3.0, expected 2.0 \(63 of 64 differ\)",
    ):
        sim.run(b)


def test_tolerance(sim: Any) -> None:
    b, _, _, out = _pipeline(factor=2.0001)
    b.expect(out, lambda: VALUES * 2, rtol=1e-3)
    assert sim.run(b).meta.verified == 1


def test_what_depends_on_a_kernel_nobody_can_emulate_is_not_counted(sim: Any) -> None:
    b, s, _, out = _pipeline(OPAQUE)
    other = b.host("other", 64, pinned=True)
    d = b.device("f", 64)
    b.memset(d, 7, s)
    b.memcpy(other, d, s)
    b.expect(out, lambda: VALUES)
    b.expect(other, lambda: np.full(64, 7, np.uint8))
    assert sim.run(b).meta.verified == 1


def test_a_later_write_makes_an_unknown_buffer_known_again(sim: Any) -> None:
    b, s, e, out = _pipeline(OPAQUE)
    b.memset(e.span(0, 4), 1, s)
    b.memcpy(out, e, s)
    b.expect(out.span(0, 4), lambda: np.ones(4, np.uint8))
    b.expect(out.span(4, 4), lambda: np.ones(4, np.uint8))
    assert sim.run(b).meta.verified == 1


def test_buffers_without_a_fill_start_as_ff(sim: Any) -> None:
    b = Builder("p")
    h, d = b.host("h", 8, pinned=True), b.device("d", 8)
    b.memcpy(h, d, b.stream("s"))
    b.expect(h, lambda: np.full(8, 0xFF, np.uint8))
    assert sim.run(b).meta.verified == 1


def test_inputs_are_read_at_the_start_and_outputs_written_at_the_end(sim: Any) -> None:
    """A missing edge is seen in the data: the copy reads what was there before."""
    b, _, e, out = _pipeline()
    b.expect(out, lambda: np.full(256, 0xFF, np.uint8))
    program = b.build()
    (thread,) = program.threads
    apart = b.stream("apart")
    ops = tuple(
        Memcpy(apart, op.dst, op.src) if isinstance(op, Memcpy) and op.src.buffer is e else op
        for op in thread.ops
    )
    racy = Program(
        "racy", (type(thread)("main", ops),), (*program.streams, apart), (), program.buffers,
        fills=program.fills, expects=program.expects,
    )  # fmt: skip
    assert sim.run(racy).meta.verified == 1


def test_in_place_kernels_beside_other_work(sim: Any) -> None:
    b, _, _, out = _pipeline()
    s = b.stream("t")
    other = b.device("other", 1000)
    for _ in range(3):
        b.memset(other, 1, s)
    b.expect(out, lambda: VALUES * 2)
    assert sim.run(b).meta.verified == 1
    assert any(isinstance(op, Launch) for op in b.build().ops())


def test_a_reduction_sums_over_devices(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t", device=1)
    h = b.host("h", 256, pinned=True, fill=lambda: VALUES)
    g = b.host("g", 256, pinned=True, fill=lambda: VALUES + 1)
    x, y = b.device("x", 256), b.device("y", 256, device=1)
    out = b.host("out", 256, pinned=True)
    b.memcpy(x, h, s)
    b.memcpy(y, g, t)
    b.all_reduce([x, y], [s, t])
    b.memcpy(out, x, s)
    b.expect(out, lambda: 2 * VALUES + 1)
    assert sim.run(b).meta.verified == 1


def test_graphs_have_data_too(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    d, h = b.device("d", 16), b.host("h", 16, pinned=True)
    with b.capture("g", s) as captured:
        b.memset(d, 5, s)
        b.memcpy(h, d, s)
    b.graph_launch(captured[0], s)
    b.expect(h, lambda: np.full(16, 5, np.uint8))
    assert sim.run(b).meta.verified == 1
