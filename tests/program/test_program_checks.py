"""What an operation by itself may not be, and the place that the error names."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from timeline.errors import ProgramError
from timeline.program import (
    Buffer,
    Builder,
    Dim3,
    Event,
    HostThread,
    HostWork,
    Kernel,
    Launch,
    LaunchHostFunc,
    Malloc,
    MemoryKind,
    Program,
    Span,
    Stream,
    StreamSynchronize,
    Work,
    validate,
)

KERNEL = Kernel("scale", "elementwise.cu", "scale")
WORK = Work(block_ns=1000)


class Parts:
    """A Builder with one of everything."""

    def __init__(self) -> None:
        self.b = Builder("p")
        self.s = self.b.stream("s1")
        self.other = self.b.stream("s2", device=1)
        self.e = self.b.event("e")
        self.pinned = self.b.host("x", 64, pinned=True)
        self.pageable = self.b.host("y", 64, pinned=False)
        self.d = self.b.device("d_x", 64)
        self.d1 = self.b.device("d_1", 64, device=1)

    def launch(
        self,
        grid: int | Dim3 = 1,
        block: int | Dim3 = 32,
        cluster: int | Dim3 = 1,
        shared: int = 0,
        kernel: Kernel = KERNEL,
        outputs: tuple[Buffer | Span, ...] = (),
        args: tuple[Buffer | Span | int, ...] = (),
    ) -> None:
        self.b.launch(
            kernel,
            self.s,
            grid=grid,
            block=block,
            work=WORK,
            cluster=cluster,
            dynamic_shared_bytes=shared,
            outputs=outputs,
            args=args,
        )


REFUSED: dict[str, tuple[Callable[[Parts], object], str]] = {
    "copy sizes": (
        lambda p: p.b.memcpy(p.d, p.pinned.span(0, 32), p.s),
        "operation 0 of thread 'main' (Memcpy H2D 'x' -> 'd_x' in stream 's1'): "
        "copies 32 bytes into 64",
    ),
    "out of bounds": (
        lambda p: p.b.memset(p.d.span(32, 33), 0, p.s),
        "operation 0 of thread 'main' (Memset 'd_x' in stream 's1'): bytes 32 to 65 lie outside",
    ),
    "negative offset": (lambda p: p.b.memset(p.d.span(-1, 4), 0, p.s), "bytes -1 to 3 lie outside"),
    "no bytes": (lambda p: p.b.memset(p.d.span(0, 0), 0, p.s), "has 0 bytes"),
    "byte too large": (lambda p: p.b.memset(p.d, 256, p.s), "a byte is 0 to 255"),
    "byte too small": (lambda p: p.b.memset(p.d, -1, p.s), "a byte is 0 to 255"),
    "overlapping copy": (
        lambda p: p.b.memcpy(p.d.span(0, 40), p.d.span(20, 40), p.s),
        "overlap in 'd_x'",
    ),
    "fill of pageable memory": (lambda p: p.b.memset(p.pageable, 0, p.s), "pin it"),
    "kernel on pageable memory": (lambda p: p.launch(outputs=(p.pageable,)), "pin it"),
    "kernel on another device": (
        lambda p: p.launch(outputs=(p.d1,)),
        "stream 's1' is of device 0, the memory of device 1",
    ),
    "fill on another device": (lambda p: p.b.memset(p.d1, 0, p.s), "of device 1"),
    "copy in a stream of neither end": (lambda p: p.b.memcpy(p.d1, p.pinned, p.s), "of device 1"),
    "allocation on another device": (lambda p: p.b.malloc_async(p.d1, p.s), "of device 1"),
    "record on another device": (
        lambda p: p.b.record(p.e, p.other),
        "operation 0 of thread 'main' (EventRecord 'e' in stream 's2'): event 'e' is of device 0",
    ),
    "undeclared argument": (lambda p: p.launch(args=(p.d,)), "argument 0, memory of 'd_x'"),
    "argument out of bounds": (
        lambda p: p.launch(args=(p.d.span(60, 8),), outputs=(p.d,)),
        "bytes 60 to 68",
    ),
    "argument of a wrong type": (
        lambda p: p.launch(args=("text",)),  # type: ignore[arg-type]
        "argument 0 is a str",
    ),
    "threads of a block": (lambda p: p.launch(block=(32, 33, 1)), "1056 threads"),
    "block x": (lambda p: p.launch(block=1025), "its block has x = 1025; it must be 1 to 1024"),
    "block z": (lambda p: p.launch(block=(1, 1, 65)), "its block has z = 65; it must be 1 to 64"),
    "grid x": (lambda p: p.launch(grid=2**31), "its grid has x"),
    "grid y": (lambda p: p.launch(grid=(1, 65536, 1)), "its grid has y = 65536"),
    "cluster size": (lambda p: p.launch(grid=32, cluster=32), "1 to 16"),
    "cluster in grid": (lambda p: p.launch(grid=6, cluster=4), "no multiple of its cluster"),
    "shared memory": (lambda p: p.launch(shared=227 * 1024 + 1), "the limit is 232448"),
    "negative shared memory": (lambda p: p.launch(shared=-1), "the limit is 232448"),
    "static shared memory": (
        lambda p: p.launch(kernel=Kernel("k", "k.cu", "k", static_shared_bytes=49153)),
        "the limit is 49152",
    ),
    "host work of negative length": (lambda p: p.b.host_work("w", -1), "at least 0"),
    "host work on device memory": (
        lambda p: p.b.host_work("w", 1, inputs=[p.d]),
        "copy it to the host first",
    ),
    "CUDA call in a host function": (
        lambda p: p.b.host_func("f", p.s, [StreamSynchronize(p.s)]),
        "operation 0 of thread 'main' (LaunchHostFunc 'f' in stream 's1'): "
        "calls StreamSynchronize inside a host function",
    ),
    "negative work in a host function": (
        lambda p: p.b.host_func("f", p.s, [HostWork("w", -5)]),
        "at least 0",
    ),
    "threshold": (lambda p: p.b.release_threshold(-1), "0 to 2**64 - 1"),
    "device of a threshold": (lambda p: p.b.release_threshold(1, device=-1), "no device -1"),
    "device to synchronise": (lambda p: p.b.device_synchronize(-2), "no device -2"),
    "allocation of host memory": (lambda p: p.b.malloc(p.pinned), "exists from the start"),
    "all-reduce on one device": (
        lambda p: p.b.all_reduce([p.d, p.d.span(0, 64)], [p.s, p.s]),
        "names a device twice",
    ),
    "all-reduce of host memory": (
        lambda p: p.b.all_reduce([p.pinned], [p.s]),
        "give device memory",
    ),
    "all-reduce lengths": (
        lambda p: p.b.all_reduce([p.d, p.d1.span(0, 32)], [p.s, p.other]),
        "equally long",
    ),
    "all-reduce of odd bytes": (
        lambda p: p.b.all_reduce([p.d.span(0, 6)], [p.s]),
        "whole number of float32",
    ),
    "all-reduce without streams": (lambda p: p.b.all_reduce([p.d], []), "1 spans and 0 streams"),
    "expectation of device memory": (
        lambda p: p.b.expect(p.d, lambda: np.zeros(64, np.uint8)),
        "expect of 'd_x': an expectation is about 'd_x', which is device memory",
    ),
    "expectation out of bounds": (
        lambda p: p.b.expect(p.pinned.span(60, 8), lambda: np.zeros(8, np.uint8)),
        "expect of 'x': bytes 60 to 68",
    ),
    "stream of another Builder": (
        lambda p: p.b.memset(p.d, 0, Builder("q").stream("t")),
        "stream 't' is not of this Program; make it with the same Builder",
    ),
    "event of another Builder": (
        lambda p: p.b.event_synchronize(Event(1, "stranger")),
        "event 'stranger' is not of this Program",
    ),
    "buffer of another Builder": (
        lambda p: p.b.memset(Buffer(99, "stranger", 64), 0, p.s),
        "buffer 'stranger' is not of this Program",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    write, message = REFUSED[name]
    parts = Parts()
    write(parts)
    with pytest.raises(ProgramError, match=re.escape(message)) as caught:
        parts.b.build()
    assert "\n" not in str(caught.value)


def test_the_place_counts_from_zero_in_the_named_thread() -> None:
    p = Parts()
    p.b.memset(p.d, 0, p.s)
    with p.b.thread("worker"):
        p.b.memset(p.d1, 0, p.other)
        p.b.memset(p.d1, 300, p.other)
    with pytest.raises(ProgramError, match=r"^operation 1 of thread 'worker' \(Memset 'd_1' in"):
        p.b.build()


def test_what_cuda_allows_is_accepted() -> None:
    p = Parts()
    p.launch(grid=(2**31 - 1, 1, 1), block=(16, 1, 64))
    p.launch(grid=(16, 65535, 65535), cluster=16, shared=227 * 1024)
    p.launch(args=(p.d.span(4, 8), 3), outputs=(p.d, p.pinned))
    p.b.stream_synchronize(p.s)
    p.b.memcpy(p.d1, p.d, p.s)  # a peer copy, in a stream of the source
    p.b.record(p.e, p.s)
    p.b.wait(p.other, p.e)  # an event of another device
    p.b.memcpy(p.d1, p.d, p.other)  # and of the destination
    p.b.release_threshold(2**64 - 1)
    p.b.memset(p.pinned, 255, p.s)
    p.b.host_work("nothing", 0)
    assert len(p.b.build()) == 11


def test_all_reduce_over_two_devices() -> None:
    p = Parts()
    p.b.all_reduce([p.d, p.d1], [p.s, p.other])
    assert len(p.b.build()) == 1


def test_managed_memory_is_refused() -> None:
    buffer = Buffer(1, "m", 64, MemoryKind.MANAGED)
    with pytest.raises(ProgramError, match="'m': managed memory has no order"):
        validate(Program("p", (), (), (), (buffer,)))


def test_part_of_a_buffer_can_not_be_allocated() -> None:
    buffer = Buffer(1, "d", 64)
    thread = HostThread("main", (Malloc(buffer.span(0, 32)),))
    with pytest.raises(ProgramError, match="a whole buffer is allocated and freed"):
        validate(Program("p", (thread,), (), (), (buffer,)))


def test_a_foreign_graph_is_refused() -> None:
    p, q = Parts(), Parts()
    with q.b.capture("g", q.s) as graphs:
        q.b.memset(q.d, 0, q.s)
    p.b.graph_launch(graphs[0], p.s)
    with pytest.raises(ProgramError, match="graph 'g' is not of this Program"):
        p.b.build()


def test_what_is_no_operation_is_refused() -> None:
    class Odd(Launch):
        pass

    stream, buffer = Stream(1, "s"), Buffer(1, "d", 64)
    odd = Odd(stream, KERNEL, (1, 1, 1), (1, 1, 1), (), WORK)
    program = Program("p", (HostThread("main", (odd,)),), (stream,), (), (buffer,))
    with pytest.raises(ProgramError, match=r"\(Odd in stream 's'\): is no operation of a Program"):
        validate(program)


def test_a_host_function_names_its_spans() -> None:
    buffer = Buffer(1, "x", 64, MemoryKind.PINNED, -1)
    whole = buffer.span()
    func = LaunchHostFunc(Stream(1, "s"), "f", (HostWork("w", 1, (whole,), (whole,)),))
    assert func.reads == func.writes == (whole,)
