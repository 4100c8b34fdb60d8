"""One suite for every backend: what a Program means, and what its Trace must then show.

``fake`` is the CUDA backend on a device made of host memory; ``cuda`` is a real GPU.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from timeline.backends.base import Backend, RunOptions
from timeline.errors import VerificationError
from timeline.program import Builder, Kernel, Program, Stream, Work
from timeline.trace import Trace

FLOATS = 4096
NBYTES = 4 * FLOATS
US = 1000

Run = Callable[..., Trace]


def add_one(arguments: Sequence[Any]) -> None:
    data = arguments[0].view(np.float32)
    data += 1


ADD_ONE = Kernel("add_one", "contract.cu", "add_one", emulate=add_one)

SOURCE = """
extern "C" __global__ void add_one(float* data, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) data[i] += 1.0f;
}
extern "C" __global__ void add_one_slowly(float* data, int n, long long ns) {
    long long start, now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(start));
    do { asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now)); } while (now - start < ns);
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) data[i] += 1.0f;
}
"""

SLOW = Kernel("add_one_slowly", "contract.cu", "add_one_slowly", emulate=add_one)


def ramp() -> npt.NDArray[np.float32]:
    return np.arange(FLOATS, dtype=np.float32)


def ramp_plus(count: int) -> Callable[[], npt.NDArray[np.float32]]:
    return lambda: ramp() + np.float32(count)


@pytest.fixture(params=["sim", "fake", pytest.param("cuda", marks=pytest.mark.gpu)])
def backend(request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a Program on the backend under test."""
    if request.param == "sim":
        from timeline.backends.sim import SimBackend

        return _runner(SimBackend())
    from timeline.backends.cuda import CudaBackend

    if request.param == "cuda":
        (tmp_path / "contract.cu").write_text(SOURCE)
        monkeypatch.setattr("timeline.backends.cuda.nvrtc.kernels_folder", lambda: tmp_path)
        return _runner(CudaBackend())
    module: ModuleType = request.getfixturevalue("fake_cuda_module")
    fake = module.FakeCuda()
    monkeypatch.setattr("timeline.backends.cuda.launch.compile_kernel", fake.compile)
    return _runner(CudaBackend("events", api=fake.api), before=fake.teach)


def _runner(backend: Backend, before: Callable[[Program], None] = lambda _: None) -> Run:
    def run(program: Program, **options: Any) -> Trace:
        before(program)
        return backend.run(program, RunOptions(**options))

    return run


def launch_add_one(b: Builder, data: Any, stream: Stream, **options: Any) -> None:
    b.launch(
        ADD_ONE,
        stream,
        grid=FLOATS // 256,
        block=256,
        args=(data, np.int32(FLOATS)),
        work=Work(block_ns=2 * US),
        inputs=(data,),
        outputs=(data,),
        **options,
    )


def launch_slowly(b: Builder, data: Any, stream: Stream, ns: int, **options: Any) -> None:
    b.launch(
        SLOW,
        stream,
        grid=FLOATS // 256,
        block=256,
        args=(data, np.int32(FLOATS), np.int64(ns)),
        work=Work(block_ns=ns),
        inputs=(data,),
        outputs=(data,),
        **options,
    )


def round_trip(b: Builder, stream: Stream, *, pinned: bool = True, suffix: str = "") -> None:
    """Copy a ramp in, add one, copy it out, and say what must come out."""
    source = b.host(f"source{suffix}", NBYTES, pinned=pinned, fill=ramp)
    result = b.host(f"result{suffix}", NBYTES, pinned=pinned)
    data = b.device(f"data{suffix}", NBYTES)
    b.memcpy(data, source, stream)
    launch_add_one(b, data, stream)
    b.memcpy(result, data, stream)
    b.expect(result, ramp_plus(1))


# Reading traces


def rows(trace: Trace, table: str = "activities") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = trace.tables[table].to_pylist()
    return found


def of_kind(trace: Trace, kind: str) -> list[dict[str, Any]]:
    return [row for row in rows(trace) if row["kind"] == kind]


def stream_named(trace: Trace, name: str) -> int:
    return int(next(r["stream"] for r in rows(trace, "streams") if r["name"] == name))


def on_stream(trace: Trace, name: str) -> list[dict[str, Any]]:
    stream = stream_named(trace, name)
    return [row for row in rows(trace) if row["stream"] == stream]


def clock_slack_ns(trace: Trace) -> int:
    """How far the host's and the device's clocks may be apart."""
    return int(trace.meta.provenance.get("event_clock_uncertainty_ns", 0))


def check_laws(trace: Trace) -> None:
    """What holds for every trace of a Program."""
    activities = rows(trace)
    known = {row["stream"] for row in rows(trace, "streams")}
    for row in activities:
        assert row["start"] <= row["end"]
        assert any(start <= row["start"] <= end for start, end in trace.meta.repeats), row
        assert row["engine"]
        assert row["name"]
        if row["graph"] is None:
            assert row["stream"] in known, row
    for one, following in pairwise(trace.meta.repeats):
        assert one[0] <= one[1] <= following[0]
    for stream in known:
        of_stream = [r for r in activities if r["stream"] == stream and not r["pdl"]]
        of_stream = [r for r in of_stream if r["graph"] is None]
        for before, after in pairwise(of_stream):
            host = "host_func" in (before["kind"], after["kind"])
            slack_ns = clock_slack_ns(trace) if host else 0
            assert before["end"] <= after["start"] + slack_ns, (before, after)
    assert trace.meta.repeats[0][0] == 0
    ranges = rows(trace, "ranges")
    assert len([r for r in ranges if r["category"] == "repeat"]) == len(trace.meta.repeats)


# Programs


def test_copy_round_trip(backend: Run) -> None:
    b = Builder("round_trip", technique="none", size=FLOATS)
    s = b.stream("s")
    round_trip(b, s)
    b.stream_synchronize(s)
    trace = backend(b.build(), repeat=3)
    check_laws(trace)
    assert trace.meta.labels == {"technique": "none", "size": FLOATS}
    assert trace.meta.verified == 3
    assert len(trace.meta.repeats) == 3
    assert [r["kind"] for r in rows(trace)] == ["memcpy", "kernel", "memcpy"] * 3
    assert [r["engine"] for r in rows(trace)] == ["H2D", "SM", "D2H"] * 3
    copies = of_kind(trace, "memcpy")
    assert {(r["copy_kind"], r["src_kind"], r["dst_kind"], r["bytes"]) for r in copies} == {
        ("HtoD", "pinned", "device", NBYTES),
        ("DtoH", "device", "pinned", NBYTES),
    }
    kernel = of_kind(trace, "kernel")[0]
    assert kernel["name"] == "add_one"
    assert (kernel["grid"], kernel["block"]) == ([FLOATS // 256, 1, 1], [256, 1, 1])
    assert trace.meta.paced == "gated"


def test_a_wrong_answer_is_found(backend: Run) -> None:
    b = Builder("wrong")
    s = b.stream("s")
    round_trip(b, s)
    program = b.build()
    wrong = dataclasses.replace(program.expects[0], values=ramp_plus(2))
    broken = dataclasses.replace(program, expects=(wrong,))
    with pytest.raises(VerificationError, match=r"'result'.*element 0.*got 1\.0, expected 2\.0"):
        backend(broken)
    assert backend(broken, verify=False).meta.verified == 0


def test_outputs_are_poisoned_before_each_repeat(backend: Run) -> None:
    b = Builder("forgotten")
    s = b.stream("s")
    result = b.host("result", NBYTES, pinned=True)
    source = b.host("source", NBYTES, pinned=True, fill=ramp)
    data = b.device("data", NBYTES)
    b.memcpy(data, source, s)
    b.memcpy(result.span(0, NBYTES - 4), data.span(0, NBYTES - 4), s)
    b.expect(result, ramp)
    with pytest.raises(VerificationError, match=f"element {FLOATS - 1} "):
        backend(b.build())


def test_pageable_copies_pace_the_host(backend: Run) -> None:
    b = Builder("pageable")
    s = b.stream("s")
    round_trip(b, s, pinned=False)
    trace = backend(b.build())
    check_laws(trace)
    assert trace.meta.verified == 1
    assert trace.meta.paced in ("host", "partly")
    assert of_kind(trace, "memcpy")[0]["src_kind"] == "pageable"


def test_an_event_orders_two_streams(backend: Run) -> None:
    b = Builder("event")
    producer, consumer = b.stream("producer"), b.stream("consumer")
    source = b.host("source", NBYTES, pinned=True, fill=ramp)
    result = b.host("result", NBYTES, pinned=True)
    data, ready = b.device("data", NBYTES), b.event("ready")
    b.memcpy(data, source, producer)
    launch_slowly(b, data, producer, 200 * US)
    b.record(ready, producer)
    b.wait(consumer, ready)
    launch_add_one(b, data, consumer)
    b.memcpy(result, data, consumer)
    b.expect(result, ramp_plus(2))
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    first = on_stream(trace, "producer")
    second = on_stream(trace, "consumer")
    for index in range(2):
        assert second[2 * index]["start"] >= first[2 * index + 1]["end"]
    assert len(rows(trace, "events")) >= 2
    assert trace.meta.verified == 2


def test_independent_streams_both_run(backend: Run) -> None:
    b = Builder("two")
    one, two = b.stream("one"), b.stream("two")
    round_trip(b, one, suffix="1")
    round_trip(b, two, suffix="2")
    b.device_synchronize()
    trace = backend(b.build())
    check_laws(trace)
    assert len(on_stream(trace, "one")) == len(on_stream(trace, "two")) == 3
    assert trace.meta.verified == 2


def test_the_legacy_default_stream_is_a_barrier(backend: Run) -> None:
    b = Builder("legacy")
    one, two = b.stream("one", blocking=True), b.stream("two", blocking=True)
    default = b.legacy_stream()
    buffers = [b.device(name, NBYTES) for name in ("a", "b", "c", "d")]
    for buffer, stream in zip(buffers, (one, two, default, one), strict=True):
        launch_slowly(b, buffer, stream, 50 * US)
    b.device_synchronize()
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    kinds = {r["stream"]: r["kind"] for r in rows(trace, "streams")}
    assert sorted(kinds.values()) == ["blocking", "blocking", "legacy"]
    barriers = [r for r in rows(trace) if kinds[r["stream"]] == "legacy"]
    assert len(barriers) == 2
    for barrier, (start, end) in zip(barriers, trace.meta.repeats, strict=True):
        others = [r for r in rows(trace) if start <= r["start"] <= end and r is not barrier]
        others = [r for r in others if r["correlation"] != barrier["correlation"]]
        assert len([r for r in others if r["end"] <= barrier["start"]]) == 2
        assert len([r for r in others if r["start"] >= barrier["end"]]) == 1


def test_host_threads_use_their_own_default_streams(backend: Run) -> None:
    b = Builder("threads")
    own = b.per_thread_stream()
    for name in ("first", "second"):
        with b.thread(name):
            b.host_barrier("start")
            round_trip(b, own, suffix=name)
            b.stream_synchronize(own)
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    assert trace.meta.verified == 4
    assert len({r["stream"] for r in rows(trace)}) == 2
    streams = [r for r in rows(trace, "streams") if r["kind"] == "per_thread"]
    assert len(streams) == 2
    assert len({r["name"] for r in streams}) == 2


def test_allocation_in_stream_order(backend: Run) -> None:
    b = Builder("alloc")
    s = b.stream("s")
    source = b.host("source", NBYTES, pinned=True, fill=ramp)
    result = b.host("result", NBYTES, pinned=True)
    scratch = b.device("scratch", NBYTES)
    b.malloc_async(scratch, s)
    b.memcpy(scratch, source, s)
    launch_add_one(b, scratch, s)
    b.memcpy(result, scratch, s)
    b.free_async(scratch, s)
    b.expect(result, ramp_plus(1))
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    assert trace.meta.verified == 2
    assert [r["kind"] for r in rows(trace, "allocs")] == ["malloc_async", "free_async"] * 2
    assert {r["bytes"] for r in rows(trace, "allocs")} == {NBYTES}


def test_blocking_allocation(backend: Run) -> None:
    b = Builder("malloc")
    s = b.stream("s")
    result = b.host("result", NBYTES, pinned=True)
    scratch = b.device("scratch", NBYTES)
    b.malloc(scratch)
    b.memset(scratch, 0, s)
    launch_add_one(b, scratch, s)
    b.memcpy(result, scratch, s)
    b.stream_synchronize(s)
    b.free(scratch)
    b.expect(result, lambda: np.ones(FLOATS, np.float32))
    trace = backend(b.build())
    check_laws(trace)
    assert [r["kind"] for r in rows(trace, "allocs")] == ["malloc", "free"]
    assert [r["kind"] for r in rows(trace)] == ["memset", "kernel", "memcpy"]


def test_a_graph_is_replayed(backend: Run) -> None:
    b = Builder("graph")
    main, side = b.stream("main"), b.stream("side")
    source = b.host("source", NBYTES, pinned=True, fill=ramp)
    result = b.host("result", NBYTES, pinned=True)
    data, fork, join = b.device("data", NBYTES), b.event("fork"), b.event("join")
    with b.capture("work", main) as captured:
        b.memcpy(data, source, main)
        b.record(fork, main)
        b.wait(side, fork)
        launch_add_one(b, data, side)
        b.record(join, side)
        b.wait(main, join)
        b.memcpy(result, data, main)
    b.graph_launch(captured[0], main)
    b.graph_launch(captured[0], main)
    b.stream_synchronize(main)
    b.expect(result, ramp_plus(1))
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    assert trace.meta.verified == 2
    kinds = {row["kind"] for row in rows(trace)}
    assert kinds in ({"graph"}, {"memcpy", "kernel"})
    if "kernel" in kinds:
        assert len(of_kind(trace, "kernel")) == 4


def test_a_graph_allocates_in_its_branches(backend: Run) -> None:
    b = Builder("graph with memory")
    main, side = b.stream("main"), b.stream("side")
    source = b.host("source", NBYTES, pinned=True, fill=ramp)
    results = [b.host(f"result {n}", NBYTES, pinned=True) for n in (1, 2)]
    scratch = [b.device(f"scratch {n}", NBYTES) for n in (1, 2)]
    fork, join = b.event("fork"), b.event("join")
    with b.capture("branches", main) as captured:
        b.record(fork, main)
        b.wait(side, fork)
        for stream, memory, result in zip((main, side), scratch, results, strict=True):
            b.malloc_async(memory, stream)
            b.memcpy(memory, source, stream)
            launch_add_one(b, memory, stream)
            b.memcpy(result, memory, stream)
            b.free_async(memory, stream)
        b.record(join, side)
        b.wait(main, join)
    for _ in range(3):
        b.graph_launch(captured[0], main)
    b.stream_synchronize(main)
    for result in results:
        b.expect(result, ramp_plus(1))
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    assert trace.meta.verified == 4
    launches = [r for r in rows(trace, "calls") if r["name"].startswith("cudaGraphLaunch")]
    assert len(launches) == 2 * 3
    if of_kind(trace, "kernel"):
        assert len(of_kind(trace, "kernel")) == 2 * 3 * 2


def test_a_host_function_runs_in_stream_order(backend: Run) -> None:
    b = Builder("callback")
    s = b.stream("s")
    data = b.device("data", NBYTES)
    launch_slowly(b, data, s, 100 * US)
    b.host_func("recycle", s, [b.host_body("recycle", 50 * US)])
    launch_add_one(b, data, s)
    b.stream_synchronize(s)
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    functions = of_kind(trace, "host_func")
    issued = {r["correlation"] for r in rows(trace, "calls") if "LaunchHostFunc" in r["name"]}
    assert {f["correlation"] for f in functions} <= issued
    kernels = of_kind(trace, "kernel")
    assert [f["name"] for f in functions] == ["recycle", "recycle"]
    for index, function in enumerate(functions):
        assert function["engine"] == "HOST"
        assert function["end"] - function["start"] >= 50 * US
        assert kernels[2 * index + 1]["start"] >= function["end"] - clock_slack_ns(trace)


def test_ranges_and_host_work_are_listed(backend: Run) -> None:
    b = Builder("ranges")
    s = b.stream("s")
    data = b.device("data", NBYTES)
    with b.range("batch 0", category="batch"):
        launch_add_one(b, data, s)
        with b.range("think", category="phase"):
            b.host_work("decide", 30 * US)
    b.stream_synchronize(s)
    trace = backend(b.build(), repeat=2)
    check_laws(trace)
    ranges = rows(trace, "ranges")
    assert {r["domain"] for r in ranges} == {"timeline"}
    assert sorted({(r["name"], r["category"]) for r in ranges}) == [
        ("batch 0", "batch"),
        ("decide", "host_work"),
        ("ranges", "repeat"),
        ("think", "phase"),
    ]
    by_name = {r["name"]: r for r in ranges if r["start"] <= trace.meta.repeats[0][1]}
    outer, inner = by_name["batch 0"], by_name["decide"]
    assert outer["start"] <= inner["start"]
    assert inner["end"] <= outer["end"]
    assert inner["end"] - inner["start"] >= 30 * US


def test_calls_name_what_the_host_did(backend: Run) -> None:
    b = Builder("calls")
    s = b.stream("s")
    round_trip(b, s)
    b.stream_synchronize(s)
    trace = backend(b.build())
    names = [row["name"] for row in rows(trace, "calls")]
    assert any(name.startswith("cuLaunchKernelEx") for name in names)
    assert sum(name.startswith("cudaMemcpyAsync") for name in names) == 2
    issued = {row["correlation"] for row in rows(trace, "calls")}
    assert all(row["correlation"] in issued for row in rows(trace))
    waits = [row["kind"] for row in rows(trace, "syncs")]
    assert "stream_synchronize" in waits


def test_programmatic_dependent_launch_keeps_the_answer(backend: Run) -> None:
    b = Builder("pdl")
    s = b.stream("s")
    source = b.host("source", NBYTES, pinned=True, fill=ramp)
    result = b.host("result", NBYTES, pinned=True)
    data = b.device("data", NBYTES)
    b.memcpy(data, source, s)
    launch_add_one(b, data, s)
    launch_add_one(b, data, s, pdl=True)
    b.memcpy(result, data, s)
    b.expect(result, ramp_plus(2))
    trace = backend(b.build())
    assert trace.meta.verified == 1
    assert len(of_kind(trace, "kernel")) == 2


def test_a_late_host_can_be_left_in(backend: Run) -> None:
    b = Builder("late")
    s = b.stream("s")
    round_trip(b, s)
    trace = backend(b.build(), gate=False)
    check_laws(trace)
    assert trace.meta.paced == "host"


def test_an_empty_stream_order_still_makes_a_trace(backend: Run) -> None:
    b = Builder("host only")
    b.host_work("think", 10 * US)
    trace = backend(b.build(), repeat=2)
    assert trace.activities.num_rows == 0
    assert len(trace.meta.repeats) == 2
