"""The CUDA backend on a device made of host memory: what it issues, checks, and leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from timeline.backends.base import RunOptions
from timeline.backends.cuda import CudaBackend
from timeline.backends.cuda import gate as gate_module
from timeline.errors import (
    CuptiError,
    DeviceMemoryError,
    MissingExtraError,
    NoGpuError,
    ProgramError,
    UnavailableError,
    UsageError,
    VerificationError,
)
from timeline.program import Builder, Kernel, Program, Stream, Work

N = 1024
US = 1000


def double(arguments: Sequence[Any]) -> None:
    data = arguments[0].view(np.float32)
    data *= arguments[1]


SCALE = Kernel("scale", "scale.cu", "scale", emulate=double)
STAMPED = Kernel("stamped", "scale.cu", "scale", stamp_roles=("body", "tail"))


class Bench:
    """A fake device and the backend on it."""

    def __init__(self, fake: Any) -> None:
        self.fake = fake

    def run(self, program: Program, collector: str = "events", **options: Any) -> Any:
        self.fake.teach(program)
        timeout_s = options.pop("timeout_s", 60.0)
        backend = CudaBackend(collector, api=self.fake.api, timeout_s=timeout_s)
        return backend.run(program, RunOptions(**options))


@pytest.fixture
def bench(fake_cuda_module: Any, monkeypatch: pytest.MonkeyPatch) -> Bench:
    fake = fake_cuda_module.FakeCuda()
    monkeypatch.setattr("timeline.backends.cuda.launch.compile_kernel", fake.compile)
    return Bench(fake)


def launch(b: Builder, stream: Stream, data: Any, kernel: Kernel = SCALE, **options: Any) -> None:
    b.launch(
        kernel,
        stream,
        grid=options.pop("grid", 4),
        block=64,
        args=(data, np.float32(2)),
        work=Work(block_ns=US),
        inputs=(data,),
        outputs=(data,),
        **options,
    )


def one_kernel(name: str = "one", **options: Any) -> Program:
    b = Builder(name)
    launch(b, b.stream("s"), b.device("d", N), **options)
    return b.build()


def everything() -> Program:
    """One of each operation that one device and one thread can have."""
    b = Builder("everything")
    s, other, legacy = b.stream("s", priority=-1), b.stream("o", blocking=True), b.legacy_stream()
    host = b.host("host", N, pinned=True, fill=lambda: np.ones(N // 4, np.float32))
    page = b.host("page", N, pinned=False)
    data, more, scratch = b.device("data", N), b.device("more", N), b.device("scratch", N)
    done, timed = b.event("done"), b.event("timed", timing=True)
    with b.capture("g", s) as captured:
        launch(b, s, data)
        b.host_func("inside", s, [b.host_body("w", 10)])
    b.release_threshold(1 << 20)
    b.malloc(scratch)
    with b.range("phase", category="phase", color=0xFF00FF00):
        b.memcpy(data, host, s)
        launch(b, s, data, cluster=2, dynamic_shared_bytes=100 << 10)
        launch(b, s, data, cooperative=True)
        launch(b, s, data, pdl=True)
        b.record(done, s)
        b.wait(other, done)
        b.memcpy(scratch, data, other)
        b.memset(data, 0, other)
        b.record(timed, other)
    b.event_query(done)
    b.event_synchronize(timed)
    b.host_func("callback", s, [b.host_body("w", 10)])
    b.host_work("think", 10)
    b.malloc_async(more, s)
    b.memset(more, 1, s)
    b.free_async(more, s)
    b.graph_launch(captured[0], s)
    b.stream_synchronize(s)
    b.memcpy(page, scratch, legacy, blocking=True)
    b.memcpy(page, scratch, other, blocking=True)
    b.device_synchronize()
    b.free(scratch)
    b.expect(page, lambda: np.full(N // 4, 8, np.float32))
    return b.build()


def test_every_operation_is_issued_as_its_call(bench: Bench) -> None:
    trace = bench.run(everything(), warmup=0)
    assert trace.meta.verified == 1
    names = [name for name, _ in bench.fake.calls]
    for name in (
        "cudaMemPoolSetAttribute", "cudaMalloc", "cudaFree", "cudaMemcpyAsync", "cudaMemcpy",
        "cuLaunchKernelEx", "cudaEventRecord", "cudaStreamWaitEvent", "cudaMemsetAsync",
        "cudaEventQuery", "cudaEventSynchronize", "cudaLaunchHostFunc", "cudaMallocAsync",
        "cudaFreeAsync", "cudaGraphLaunch", "cudaStreamSynchronize",
        "cudaDeviceSynchronize",
    ):  # fmt: skip
        assert name in names, name
    assert bench.fake.leaked == {}
    assert bench.fake.thresholds == {0: 0}, "the pool's threshold is put back"


def test_launch_attributes_and_opt_ins(bench: Bench) -> None:
    bench.run(everything(), warmup=0)
    configs = [arguments[0] for name, arguments in bench.fake.named("cuLaunchKernelEx")]
    shown = [{a.id.name.removeprefix("CU_LAUNCH_ATTRIBUTE_"): a.value for a in c.attrs}
             for c in configs]  # fmt: skip
    cluster = next(a for a in shown if "CLUSTER_DIMENSION" in a)["CLUSTER_DIMENSION"]
    assert (cluster.clusterDim.x, cluster.clusterDim.y, cluster.clusterDim.z) == (2, 1, 1)
    assert any(a["COOPERATIVE"].cooperative for a in shown if "COOPERATIVE" in a)
    pdl = "PROGRAMMATIC_STREAM_SERIALIZATION"
    assert any(a[pdl].programmaticStreamSerializationAllowed for a in shown if pdl in a)
    assert [c.sharedMemBytes for c in configs if c.sharedMemBytes] == [100 << 10]
    opted = {key.name: value for _, key, value in bench.fake.api.driver._functions.attributes}
    assert opted == {"CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES": 100 << 10}


def test_a_cluster_of_more_than_eight_blocks_is_opted_into(bench: Bench) -> None:
    bench.run(one_kernel(grid=16, cluster=16))
    opted = {key.name for _, key, _ in bench.fake.api.driver._functions.attributes}
    assert opted == {"CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED"}


def test_a_captured_host_function_bypasses_the_bindings(bench: Bench) -> None:
    trace = bench.run(everything(), repeat=2)
    functions = [r for r in trace.activities.to_pylist() if r["kind"] == "host_func"]
    assert [f["name"] for f in functions] == ["callback", "inside"] * 2


def test_streams_are_held_before_anything_is_enqueued(bench: Bench) -> None:
    b = Builder("held")
    one, two = b.stream("one"), b.stream("two")
    launch(b, one, b.device("a", N))
    launch(b, two, b.device("c", N))
    trace = bench.run(b.build(), warmup=0)
    assert trace.meta.paced == "gated"
    order = [name for name, _ in bench.fake.named("cuStreamWaitValue32", "cuLaunchKernelEx")]
    assert order == ["cuStreamWaitValue32"] * 3 + ["cuLaunchKernelEx"] * 2, "one wait is the try"
    first, second = sorted(trace.column("activities", "start"))
    calls = [r for r in trace.calls.to_pylist() if r["name"] == "cuLaunchKernelEx"]
    assert min(first, second) >= max(call["end"] for call in calls)


def test_a_refused_gate_is_said(bench: Bench) -> None:
    bench.fake.stream_memory_operations = False
    trace = bench.run(one_kernel())
    assert trace.meta.paced == "host"
    assert any("gate was refused" in note for note in trace.meta.notes)


def test_the_watchdog_opens_a_gate_that_would_deadlock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that is not known to block, but does."""
    b = Builder("surprise")
    s = b.stream("s")
    d = b.device("d", N)
    launch(b, s, d)
    launch(b, s, d)
    program = b.build()
    monkeypatch.setattr(gate_module.Gate.watch, "__defaults__", (0.05,))
    functions, calls = bench.fake.api.driver._functions, []
    real = functions.cuLaunchKernelEx

    def blocking(config: Any, function: Any, pointers: int, extra: int) -> Any:
        result = real(config, function, pointers, extra)
        calls.append(1)
        tail = bench.fake.stream(config.hStream).tail
        bench.fake.wait(lambda: tail is None or tail.done, "a launch that loads its kernel")
        return result

    functions.cuLaunchKernelEx = blocking
    trace = bench.run(program, warmup=0)
    assert len(calls) == 2
    assert trace.meta.paced == "partly"
    assert any("watchdog" in note for note in trace.meta.notes)


def test_repeats_are_recorded_and_warm_ups_are_not(bench: Bench) -> None:
    trace = bench.run(one_kernel(), repeat=3, warmup=2)
    assert trace.activities.num_rows == 3
    assert len(trace.meta.repeats) == 3
    assert len([s for s in bench.fake.ran if s == "scale"]) == 5
    assert trace.meta.source == "cuda_events"
    assert any("CUDA events" in note for note in trace.meta.notes)
    assert trace.meta.devices[0].name == "Fake GPU"
    assert trace.meta.devices[0].compute_capability == "9.0"


@pytest.mark.parametrize(("repeat", "warmup"), [(0, 1), (1, -1)])
def test_senseless_counts_are_refused(bench: Bench, repeat: int, warmup: int) -> None:
    with pytest.raises(UsageError, match="at least one repeat"):
        bench.run(one_kernel(), repeat=repeat, warmup=warmup)


def test_stamps_are_aligned_and_matched(bench: Bench) -> None:
    b = Builder("stamps")
    s, data = b.stream("s"), b.device("d", N)
    launch(b, s, data, STAMPED)
    launch(b, s, data, STAMPED)
    trace = bench.run(b.build(), repeat=2)
    stamps = trace.stamps.to_pylist()
    assert len(stamps) == 4
    assert {r["role"] for r in stamps} == {"body"}
    kernels = {r["correlation"]: r for r in trace.activities.to_pylist()}
    assert {r["correlation"] for r in stamps} == kernels.keys()
    clock = trace.meta.provenance["stamp_clock"]
    residual = clock["globaltimer"]["0"]["residual_ns"]
    residual += trace.meta.provenance["event_clock_uncertainty_ns"]
    for row in stamps:
        kernel = kernels[row["correlation"]]
        assert kernel["start"] - residual <= row["start"] <= kernel["end"] + residual
    assert abs(clock["globaltimer"]["0"]["offset_ns"] + 5_000_000) <= residual + 1
    assert "timeline_clock" not in trace.names("activities", "name")
    assert bench.fake.leaked == {}


def test_stamps_can_be_left_out(bench: Bench) -> None:
    trace = bench.run(one_kernel(kernel=STAMPED), stamps=False)
    assert trace.stamps.num_rows == 0
    assert "timeline_clock" not in bench.fake.ran


def test_a_name_that_cpp_cannot_spell_is_shown_as_it_is(bench: Bench) -> None:
    kernel = Kernel("layer 3 (forward)", "scale.cu", "scale", emulate=double)
    trace = bench.run(one_kernel(kernel=kernel))
    assert [r["name"] for r in trace.activities.to_pylist()] == ["layer 3 (forward)"]


def test_arguments_are_compared_with_the_kernels_parameters(bench: Bench) -> None:
    program = one_kernel()
    bench.fake.teach(program)
    bench.fake.layouts["scale"][1] = np.float64(0)
    backend = CudaBackend("events", api=bench.fake.api)
    with pytest.raises(ProgramError, match="parameter 1 has 8 bytes, the argument 4"):
        backend.run(program)
    bench.fake.layouts["scale"].pop()
    with pytest.raises(ProgramError, match="takes 1 parameters, the launch gives 2"):
        backend.run(program)
    assert bench.fake.leaked == {}


# Failures leave nothing held and nothing allocated


@pytest.mark.parametrize(
    ("call", "status", "error", "says"),
    [
        ("cuLaunchKernelEx", 1, ProgramError, "launching 'scale' in stream 's': CUDA answered"),
        ("cudaStreamQuery", 700, ProgramError, "context is lost"),
        ("cudaStreamCreateWithPriority", 2, DeviceMemoryError, "creating stream 's'"),
        ("cuModuleGetFunction", 500, ProgramError, "no extern"),
        ("cudaSetDevice", 100, NoGpuError, "nvidia-smi"),
        ("cudaHostAlloc", 2, DeviceMemoryError, "allocating the gate"),
    ],
)
def test_a_failing_call_is_one_clear_error(
    bench: Bench, call: str, status: int, error: type[Exception], says: str
) -> None:
    bench.fake.fail[call] = status
    with pytest.raises(error, match=says) as caught:
        bench.run(one_kernel())
    assert "\n" not in str(caught.value)
    bench.fake.fail.clear()
    if call != "cudaSetDevice":
        assert bench.fake.leaked == {}
    assert bench.run(one_kernel("again")).activities.num_rows == 1


def test_too_large_a_buffer_says_how_much_is_free(bench: Bench) -> None:
    b = Builder("large")
    s = b.stream("s")
    b.memset(b.device("small", N), 0, s)
    b.memset(b.device("huge", 2 << 30), 0, s)
    with pytest.raises(
        DeviceMemoryError, match=r"'huge' of 2,147,483,648 bytes .* 1,073,740,800 of 1,073,741,824"
    ):
        bench.run(b.build())
    assert bench.fake.leaked == {}


def test_a_wrong_answer_leaves_nothing_behind(bench: Bench) -> None:
    b = Builder("wrong")
    s, host = b.stream("s"), b.host("host", N, pinned=True)
    data = b.device("d", N)
    b.memset(data, 0, s)
    b.memcpy(host, data, s)
    b.expect(host, lambda: np.ones(N, np.uint8))
    with pytest.raises(VerificationError, match="got 0, expected 1"):
        bench.run(b.build())
    assert bench.fake.leaked == {}


def test_a_failing_thread_does_not_leave_the_others_waiting(bench: Bench) -> None:
    b = Builder("threads")
    one, two = b.stream("one"), b.stream("two")
    with b.thread("one"):
        launch(b, one, b.device("a", N))
        b.host_barrier("met")
    with b.thread("two"):
        b.memset(b.device("c", N), 0, two)
        b.host_barrier("met")
        b.stream_synchronize(two)
    bench.fake.fail["cudaMemsetAsync"] = 1
    with pytest.raises(ProgramError, match="cudaMemsetAsync in stream 'two'"):
        bench.run(b.build())
    bench.fake.fail.clear()
    assert bench.fake.leaked == {}


def test_a_stream_that_never_ends_is_an_error_not_a_hang(bench: Bench) -> None:
    bench.fake.fail["cudaStreamQuery"] = 600
    with pytest.raises(UnavailableError, match=r"stream 's' is not done after 0\.05 s"):
        bench.run(one_kernel(), timeout_s=0.05)


def test_a_buffer_left_allocated_is_freed_after_each_repeat(bench: Bench) -> None:
    b = Builder("kept")
    s, data = b.stream("s"), b.device("d", N)
    b.malloc_async(data, s)
    b.memset(data, 0, s)
    bench.run(b.build(), repeat=3)
    assert bench.fake.leaked == {}


def test_a_fill_of_memory_that_the_program_allocates_is_refused(bench: Bench) -> None:
    b = Builder("fill")
    s, data = b.stream("s"), b.device("d", N, fill=lambda: np.zeros(N, np.uint8))
    b.malloc_async(data, s)
    b.memset(data, 0, s)
    b.free_async(data, s)
    with pytest.raises(ProgramError, match="'d' has a fill, but the Program allocates it"):
        bench.run(b.build())


def test_a_fill_of_another_length_is_refused(bench: Bench) -> None:
    b = Builder("fill")
    s, data = b.stream("s"), b.device("d", N, fill=lambda: np.zeros(3, np.float32))
    b.memset(data, 0, s)
    with pytest.raises(ProgramError, match=r"fill of buffer 'd' has 12 bytes, not 1,024"):
        bench.run(b.build())


# Devices, collectors


def two_devices() -> Program:
    b = Builder("two devices")
    first, second = b.stream("first", device=0), b.stream("second", device=1)
    host = b.host("host", N, pinned=True, fill=lambda: np.ones(N // 4, np.float32))
    out = b.host("out", N, pinned=True)
    a, c = b.device("a", N, device=0), b.device("c", N, device=1)
    moved = b.event("moved", device=0)
    b.memcpy(a, host, first)
    launch(b, first, a)
    b.memcpy(c, a, first)
    b.record(moved, first)
    b.wait(second, moved)
    launch(b, second, c)
    b.memcpy(out, c, second)
    b.expect(out, lambda: np.full(N // 4, 4, np.float32))
    return b.build()


def test_two_devices_reach_each_other(bench: Bench) -> None:
    bench.fake.devices = 2
    trace = bench.run(two_devices())
    assert trace.meta.verified == 1
    assert [d.id for d in trace.meta.devices] == [0, 1]
    peer = next(r for r in trace.activities.to_pylist() if r["copy_kind"] == "PtoP")
    assert (peer["src_device"], peer["dst_device"], peer["engine"]) == (0, 1, "P2P")
    assert len(bench.fake.named("cudaDeviceEnablePeerAccess")) == 2
    (copy,) = {arguments[1::2] for _, arguments in bench.fake.named("cudaMemcpyPeerAsync")}
    assert copy[0] == 1


def test_too_few_devices_are_named(bench: Bench) -> None:
    with pytest.raises(NoGpuError, match="uses device 1, but there is only 1"):
        bench.run(two_devices())
    bench.fake.devices = 0
    with pytest.raises(NoGpuError, match="sees no device; run on a machine with one"):
        bench.run(one_kernel())


def summed() -> Program:
    b = Builder("sum")
    streams = [b.stream(f"s{d}", device=d) for d in range(2)]
    spans = [b.device(f"d{d}", N, device=d) for d in range(2)]
    for span, stream in zip(spans, streams, strict=True):
        b.memset(span, 0, stream)
    b.all_reduce(spans, streams)
    return b.build()


def missing_nccl() -> Any:
    raise MissingExtraError("NCCL (libnccl.so.2)", "nccl")


def test_nccl_is_asked_for_only_when_it_is_used(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.fake.devices = 2
    monkeypatch.setattr("timeline.backends.cuda.nccl.load_nccl", missing_nccl)
    with pytest.raises(MissingExtraError, match=r"cuda-timeline\[nccl\]"):
        bench.run(summed())
    assert bench.fake.leaked == {}


def test_a_program_with_collectives_warms_up_before_streams_are_held(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.fake.devices = 2
    monkeypatch.setattr("timeline.backends.cuda.nccl.load_nccl", lambda: bench.fake.nccl)
    bench.run(summed(), warmup=0)
    held = [name for name, _ in bench.fake.named("cuStreamWaitValue32", "cudaStreamQuery")]
    tried, first_drain = held.index("cuStreamWaitValue32"), held.index("cudaStreamQuery")
    assert held[:first_drain].count("cuStreamWaitValue32") == 2, "one trial a device"
    assert tried < first_drain
    assert bench.fake.leaked == {}


def test_devices_that_cannot_reach_each_other_are_named(bench: Bench) -> None:
    bench.fake.devices, bench.fake.peer_access = 2, False
    trace = bench.run(two_devices())
    assert trace.meta.verified == 1
    assert [n.partition(":")[0] for n in trace.meta.notes if "reach" in n] == [
        "Device 0 can't reach the memory of device 1",
        "Device 1 can't reach the memory of device 0",
    ]


def test_events_stand_in_where_cupti_cannot_be_used(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Any:
        raise CuptiError("CUPTI 99.0 has no layout")

    monkeypatch.setattr("timeline.backends.cuda.backend._cupti", refuse)
    trace = bench.run(one_kernel(), collector="auto")
    assert trace.meta.source == "cuda_events"
    assert trace.meta.notes[0] == "CUPTI was not used: CUPTI 99.0 has no layout"
    with pytest.raises(CuptiError, match="no layout"):
        bench.run(one_kernel(), collector="cupti")


def test_an_unknown_collector_is_refused() -> None:
    with pytest.raises(UsageError, match="no collector named 'cupty'; did you mean 'cupti'"):
        CudaBackend("cupty")
