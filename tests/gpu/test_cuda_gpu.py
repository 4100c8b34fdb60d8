"""The CUDA backend on a real device: what only hardware can show."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.backends.base import RunOptions
from timeline.backends.cuda import CudaBackend
from timeline.errors import DeviceMemoryError, ProgramError
from timeline.program import Buffer, Builder, Kernel, Program, Stream, Work
from timeline.trace import Trace

pytestmark = pytest.mark.gpu

US = 1000
NBYTES = 1 << 20

SOURCE = r"""
struct Stamp { unsigned long long start, end; unsigned int sm, block, role, tile; };

__device__ __forceinline__ unsigned long long now() {
    unsigned long long t;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t));
    return t;
}

__device__ __forceinline__ void spin_until(unsigned long long end) { while (now() < end) { } }

extern "C" __global__ void spin(long long ns) { spin_until(now() + ns); }

extern "C" __global__ void stamped(long long ns, Stamp* stamps) {
    unsigned long long start = now();
    spin_until(start + ns);
    if (stamps && threadIdx.x == 0) {
        unsigned int sm;
        asm volatile("mov.u32 %0, %smid;" : "=r"(sm));
        stamps[blockIdx.x] = Stamp{start, now(), sm, blockIdx.x, 0, 7};
    }
}

extern "C" __global__ void primary(long long ns) {
    unsigned long long start = now();
    spin_until(start + ns / 2);
    asm volatile("griddepcontrol.launch_dependents;");
    spin_until(start + ns);
}

extern "C" __global__ void secondary(long long ns) {
    asm volatile("griddepcontrol.wait;" ::: "memory");
    spin_until(now() + ns);
}

extern "C" __global__ void undeclared_shared(float* out) {
    __shared__ float own[2048];
    extern __shared__ float tile[];
    own[threadIdx.x] = tile[threadIdx.x] = 3.0f;
    out[0] = own[0] + tile[0];
}

extern "C" __global__ void big_shared(float* out) {
    extern __shared__ float tile[];
    tile[40000] = 3.0f;
    out[0] = tile[40000];
}

extern "C" __global__ void cluster_rank(unsigned int* out) {
    unsigned int rank;
    asm volatile("mov.u32 %0, %cluster_ctarank;" : "=r"(rank));
    if (threadIdx.x == 0) out[blockIdx.x] = rank;
}

extern "C" __global__ void out_of_bounds(float* out) { out[1ll << 40] = 1.0f; }
"""


def kernel(entry: str, name: str | None = None, roles: tuple[str, ...] = ()) -> Kernel:
    return Kernel(name or entry, "gpu.cu", entry, stamp_roles=roles)


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gpu.cu").write_text(SOURCE)
    monkeypatch.setattr("timeline.backends.cuda.nvrtc.kernels_folder", lambda: tmp_path)


def run(program: Program, collector: str = "auto", **options: Any) -> Trace:
    return CudaBackend(collector).run(program, RunOptions(**options))


def spin(b: Builder, stream: Stream, ns: int, name: str = "spin", **options: Any) -> None:
    """Launch a spin of one block."""
    entry = options.pop("entry", "spin")
    roles = options.pop("roles", ())
    grid = options.pop("grid", 1)
    b.launch(
        kernel(entry, name, roles), stream, grid=grid, block=32, args=(np.int64(ns),),
        work=Work(block_ns=ns), **options,
    )  # fmt: skip


def kernels(trace: Trace) -> list[dict[str, Any]]:
    return [row for row in trace.activities.to_pylist() if row["kind"] == "kernel"]


def chain(count: int, ns: int) -> Program:
    b = Builder("chain")
    s = b.stream("s")
    for index in range(count):
        spin(b, s, ns, f"link_{index % 3}")
    return b.build()


def gaps_ns(trace: Trace) -> list[int]:
    rows = kernels(trace)
    return [after["start"] - before["end"] for before, after in pairwise(rows)]


def test_a_gate_hides_the_host() -> None:
    trace = run(chain(20, 2 * US), warmup=2)
    assert trace.meta.paced == "gated"
    assert [r["name"] for r in kernels(trace)][:4] == ["link_0", "link_1", "link_2", "link_0"]
    assert float(np.median(gaps_ns(trace))) < 4 * US
    calls = [r for r in trace.calls.to_pylist() if r["name"].startswith("cuLaunchKernelEx")]
    assert kernels(trace)[0]["start"] > max(call["end"] for call in calls)


def test_more_work_than_the_launch_queue_holds() -> None:
    trace = run(chain(3000, US))
    assert trace.meta.paced == "partly"
    assert len(kernels(trace)) == 3000
    assert not any("watchdog" in note for note in trace.meta.notes)


def test_programmatic_dependent_launch_overlaps() -> None:
    def pair(pdl: bool) -> Program:
        b = Builder("pdl")
        s = b.stream("s")
        spin(b, s, 100 * US, "primary", entry="primary")
        spin(b, s, 20 * US, "secondary", entry="secondary", pdl=pdl)
        return b.build()

    gap = {}
    for pdl in (False, True):
        trace = run(pair(pdl), repeat=3, warmup=2)
        first, second = kernels(trace)[-2:]
        gap[pdl] = second["start"] - first["end"]
    assert gap[False] > 0
    if trace.meta.source == "cupti":
        assert gap[True] < -20 * US


def test_stamps_lie_inside_their_kernels() -> None:
    b = Builder("stamps")
    s = b.stream("s")
    for name in ("one", "two"):
        spin(b, s, 50 * US, name, entry="stamped", roles=("body",), grid=8)
    trace = run(b.build(), repeat=3, warmup=1)
    clock = trace.meta.provenance["stamp_clock"]
    residual = clock["globaltimer"]["0"]["residual_ns"]
    assert residual < 5 * US
    assert trace.stamps.num_rows == 2 * 8 * 3
    by_correlation = {row["correlation"]: row for row in kernels(trace)}
    for row in trace.stamps.to_pylist():
        owner = by_correlation[row["correlation"]]
        assert owner["start"] - residual <= row["start"]
        assert row["end"] <= owner["end"] + residual
        assert row["role"] == "body"
        assert row["tile"] == 7


def test_events_measure_without_cupti() -> None:
    trace = run(chain(5, 200 * US), "events", repeat=2)
    assert trace.meta.source == "cuda_events"
    for row in kernels(trace):
        assert 195 * US < row["end"] - row["start"] < 300 * US
    assert trace.meta.provenance["event_clock_uncertainty_ns"] < 100 * US


def test_large_shared_memory_and_clusters() -> None:
    b = Builder("attributes")
    s = b.stream("s")
    shared, ranks = b.device("shared", 4), b.device("ranks", 64)
    out_shared, out_ranks = b.host("hs", 4, pinned=True), b.host("hr", 64, pinned=True)
    launch(b, "big_shared", s, shared, dynamic_shared_bytes=180_000)
    launch(b, "cluster_rank", s, ranks, grid=16, cluster=4)
    b.memcpy(out_shared, shared, s)
    b.memcpy(out_ranks, ranks, s)
    b.expect(out_shared, lambda: np.asarray([3.0], np.float32))
    b.expect(out_ranks, lambda: np.tile(np.arange(4, dtype=np.uint32), 4))
    assert run(b.build()).meta.verified == 2


def launch(b: Builder, entry: str, stream: Stream, out: Buffer, **options: Any) -> None:
    grid = options.pop("grid", 1)
    b.launch(
        kernel(entry), stream, grid=grid, block=32, args=(out,), work=Work(block_ns=US),
        outputs=(out,), **options,
    )  # fmt: skip


def test_more_shared_memory_than_a_block_can_have() -> None:
    """The Program's own check can't see static memory that the kernel does not declare."""
    b = Builder("too much")
    out = b.device("d", 4)
    launch(b, "undeclared_shared", b.stream("s"), out, dynamic_shared_bytes=230_000)
    with pytest.raises(ProgramError, match="the device does not allow 230,000 bytes"):
        run(b.build())


def test_a_replayed_graph_runs_its_host_function_every_time() -> None:
    b = Builder("graph")
    s = b.stream("s")
    with b.capture("g", s) as captured:
        spin(b, s, 20 * US)
        b.host_func("inside", s, [b.host_body("work", 10 * US)])
        spin(b, s, 20 * US)
    for _ in range(3):
        b.graph_launch(captured[0], s)
    b.stream_synchronize(s)
    trace = run(b.build(), repeat=2)
    functions = [r for r in trace.activities.to_pylist() if r["kind"] == "host_func"]
    assert len(functions) == 6
    if trace.meta.source == "cupti":
        assert len(kernels(trace)) == 12


def test_what_does_not_fit_is_refused_and_nothing_stays() -> None:
    free = _free_bytes()
    b = Builder("huge")
    b.memset(b.device("small", NBYTES), 0, b.stream("s"))
    b.memset(b.device("huge", 1 << 44), 0, b.stream("t"))
    with pytest.raises(DeviceMemoryError, match=r"'huge' of 17,592,186,044,416 bytes"):
        run(b.build())
    assert _free_bytes() >= free - (64 << 20)
    assert len(kernels(run(chain(2, US)))) == 2


def test_runs_do_not_leak() -> None:
    def once() -> None:
        b = Builder("alloc")
        s = b.stream("s")
        data = b.device("data", 64 << 20)
        b.malloc_async(data, s)
        b.memset(data, 0, s)
        b.free_async(data, s)
        run(b.build())

    once()
    free = _free_bytes()
    for _ in range(3):
        once()
    assert _free_bytes() >= free - (64 << 20)


def _free_bytes() -> int:
    from cuda.bindings import runtime

    return int(runtime.cudaMemGetInfo()[1])


@pytest.mark.parametrize("kind", ["events", "auto"])
def test_pinned_copies_run_beside_a_kernel(kind: str) -> None:
    b = Builder("overlap")
    copying, computing = b.stream("copying"), b.stream("computing")
    host = b.host("host", 32 << 20, pinned=True)
    data = b.device("data", 32 << 20)
    spin(b, computing, 2000 * US)
    b.memcpy(data, host, copying)
    trace = run(b.build(), kind, warmup=2)
    rows = {row["kind"]: row for row in trace.activities.to_pylist()}
    copy, work = rows["memcpy"], rows["kernel"]
    assert work["start"] < copy["end"]
    assert copy["start"] < work["end"]
    assert copy["end"] < work["end"]


def test_host_threads_have_streams_of_their_own() -> None:
    b = Builder("threads")
    own = b.per_thread_stream()
    for name in ("first", "second"):
        with b.thread(name):
            spin(b, own, 500 * US, name)
            b.stream_synchronize(own)
    trace = run(b.build(), repeat=3, warmup=2)
    assert trace.meta.paced == "gated"
    rows = kernels(trace)
    assert len({row["stream"] for row in rows}) == 2
    assert {row["stream"] for row in rows} == set(trace.column("streams", "stream"))
    one, two = rows[-2:]
    assert two["start"] < one["end"], "they run at once"


@pytest.fixture
def fresh_process() -> Callable[[str], str]:
    """Run Python in its own process: what loses the context must not take the others along."""
    import subprocess
    import sys

    def start(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
        return done.stdout + done.stderr

    return start


def test_a_lost_context_is_one_clear_error(
    fresh_process: Callable[[str], str], tmp_path: Path
) -> None:
    code = f"""
import pathlib
from timeline.backends.cuda import CudaBackend, nvrtc
from timeline.errors import ProgramError
from timeline.program import Builder, Kernel, Work
nvrtc.kernels_folder = lambda: pathlib.Path({str(tmp_path)!r})
b = Builder("bad")
d = b.device("d", 4)
b.launch(Kernel("out_of_bounds", "gpu.cu", "out_of_bounds"), b.stream("s"), grid=1, block=1,
         args=(d,), work=Work(), outputs=(d,))
try:
    CudaBackend("events").run(b.build())
except ProgramError as error:
    print("caught:", error)
"""
    shown = fresh_process(code)
    assert "caught:" in shown, shown
    assert "the CUDA context is lost" in shown, shown
