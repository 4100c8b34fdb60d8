"""What each CUDA call really waits for, and what it costs: measured, for the simulator's device file.

Run on a machine with a GPU::

    python benchmarks/semantics.py --out h200_semantics.json

Truth comes from two clocks that need no profiler: the host's around each call, and ``%globaltimer``
stamps that the kernels write themselves. Every figure is a median, in ns unless its name says other.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cuda.bindings import driver, nvrtc, runtime

SOURCE = r"""
typedef unsigned long long u64;
__device__ __forceinline__ u64 now() { u64 t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }
extern "C" __global__ void spin(u64 ns, u64* stamp) {
    u64 t0 = now(); while (now() - t0 < ns) { }
    if (stamp && threadIdx.x == 0) { stamp[2 * blockIdx.x] = t0; stamp[2 * blockIdx.x + 1] = now(); }
}
extern "C" __global__ void empty() { }
extern "C" __global__ void primary(u64 before, u64 after, u64* stamp) {
    u64 t0 = now(); while (now() - t0 < before) { }
    asm volatile("griddepcontrol.launch_dependents;");
    u64 t1 = now(); while (now() - t1 < after) { }
    if (threadIdx.x == 0 && blockIdx.x == 0) { stamp[0] = t0; stamp[1] = t1; stamp[2] = now(); }
}
extern "C" __global__ void secondary(u64 ns, u64* stamp) {
    u64 t0 = now();
    asm volatile("griddepcontrol.wait;" ::: "memory");
    u64 t1 = now(); while (now() - t1 < ns) { }
    if (threadIdx.x == 0 && blockIdx.x == 0) { stamp[3] = t0; stamp[4] = t1; stamp[5] = now(); }
}
extern "C" __global__ void stream_copy(const float4* in, float4* out, u64 n, u64* stamp) {
    u64 t0 = now();
    for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < n; i += (u64)gridDim.x * blockDim.x) out[i] = in[i];
    if (stamp && threadIdx.x == 0) { stamp[2 * blockIdx.x] = t0; stamp[2 * blockIdx.x + 1] = now(); }
}
extern "C" __global__ void fma_loop(float* out, u64 n, u64* stamp) {
    u64 t0 = now(); float a = threadIdx.x, b = a + 1, c = a + 2, d = a + 3;
    for (u64 i = 0; i < n; i++) { a = fmaf(a, 0.5f, 1.f); b = fmaf(b, 0.5f, 1.f); c = fmaf(c, 0.5f, 1.f); d = fmaf(d, 0.5f, 1.f); }
    if (a + b + c + d == -1.f) out[0] = a;
    if (stamp && threadIdx.x == 0) { stamp[2 * blockIdx.x] = t0; stamp[2 * blockIdx.x + 1] = now(); }
}
"""

MS = 1_000_000
NON_BLOCKING = 1
Json = dict[str, Any]


def check(result: tuple[Any, ...]) -> Any:
    """Raise unless the first value of a CUDA call is success; return the rest."""
    code = result[0]
    if int(code) != 0:
        raise RuntimeError(f"{code!r}")
    return result[1] if len(result) == 2 else result[1:]


def compile_module(capability: str) -> Any:
    program = check(nvrtc.nvrtcCreateProgram(SOURCE.encode(), b"semantics.cu", 0, [], []))
    options = [f"--gpu-architecture=sm_{capability}".encode()]
    code = nvrtc.nvrtcCompileProgram(program, len(options), options)[0]
    if int(code) != 0:
        log = b" " * check(nvrtc.nvrtcGetProgramLogSize(program))
        nvrtc.nvrtcGetProgramLog(program, log)
        raise RuntimeError(log.decode())
    cubin = b" " * check(nvrtc.nvrtcGetCUBINSize(program))
    check(nvrtc.nvrtcGetCUBIN(program, cubin))
    return check(driver.cuModuleLoadData(cubin))


class Lab:
    """A device, its kernels, and the few calls that every experiment repeats."""

    def __init__(self) -> None:
        check(runtime.cudaSetDevice(0))
        check(runtime.cudaFree(0))
        self.properties = check(runtime.cudaGetDeviceProperties(0))
        capability = f"{self.properties.major}{self.properties.minor}"
        module = compile_module(capability + ("a" if capability == "90" else ""))
        names = ("spin", "empty", "primary", "secondary", "stream_copy", "fma_loop")
        self.kernels = {n: check(driver.cuModuleGetFunction(module, n.encode())) for n in names}
        self.a, self.b, self.c = (self.stream() for _ in range(3))
        self.stamps = check(runtime.cudaMalloc(1 << 20))

    def stream(self, flags: int = NON_BLOCKING, priority: int = 0) -> Any:
        return check(runtime.cudaStreamCreateWithPriority(flags, priority))

    def launch(
        self,
        name: str,
        stream: Any,
        *values: int,
        grid: int = 1,
        block: int = 32,
        attributes: tuple[Any, ...] = (),
    ) -> None:
        config = driver.CUlaunchConfig()
        config.gridDimX, config.gridDimY, config.gridDimZ = grid, 1, 1
        config.blockDimX, config.blockDimY, config.blockDimZ = block, 1, 1
        config.hStream = driver.CUstream(int(stream))
        config.attrs = list(attributes)
        config.numAttrs = len(attributes)
        arguments = (tuple(values), tuple(ctypes.c_uint64 for _ in values)) if values else 0
        check(driver.cuLaunchKernelEx(config, self.kernels[name], arguments, 0))

    def spin(self, stream: Any, ns: int, slot: int | None = None, **shape: Any) -> None:
        address = 0 if slot is None else int(self.stamps) + 16 * slot
        self.launch("spin", stream, ns, address, **shape)

    def sync(self) -> None:
        check(runtime.cudaDeviceSynchronize())

    def read(self, count: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
        """The first ``count`` stamps, after a synchronisation."""
        self.sync()
        out = np.zeros(count, np.uint64)
        kind = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        check(runtime.cudaMemcpy(out.ctypes.data, self.stamps, out.nbytes, kind))
        return out

    def spans(self, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """``(count, 2)`` start and end of the spins with slots 0..count-1, from the first start."""
        stamps = self.read(2 * count).astype(np.int64).reshape(-1, 2)
        spans: np.ndarray[Any, np.dtype[np.int64]] = stamps - stamps[:, 0].min()
        return spans


def timed(call: Callable[[], Any]) -> int:
    start = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - start


def median(values: list[int]) -> int:
    return round(statistics.median(values))


def attribute(kind: str, **values: Any) -> Any:
    found = driver.CUlaunchAttribute()
    found.id = getattr(driver.CUlaunchAttributeID, f"CU_LAUNCH_ATTRIBUTE_{kind}")
    for name, value in values.items():
        setattr(found.value, name, value)
    return found


def waits(lab: Lab) -> Json:
    """Host time of each call: device idle, another stream busy 4 ms, its own stream busy 4 ms."""
    busy_ns = 4 * MS
    h2d = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
    d2h = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
    d2d = runtime.cudaMemcpyKind.cudaMemcpyDeviceToDevice
    device = check(runtime.cudaMalloc(64 << 20))
    device2 = check(runtime.cudaMalloc(64 << 20))
    pinned = check(runtime.cudaHostAlloc(64 << 20, 0))
    pageable = np.ones(64 << 20, np.uint8)
    page = pageable.ctypes.data
    event = check(runtime.cudaEventCreateWithFlags(2))
    timing_event = check(runtime.cudaEventCreateWithFlags(0))
    b = lab.b
    held: list[Any] = []

    def malloc(size: int) -> Callable[[], Any]:
        return lambda: held.append(check(runtime.cudaMalloc(size)))

    def free() -> None:
        check(runtime.cudaFree(held.pop()))

    def malloc_async(size: int) -> Callable[[], Any]:
        return lambda: held.append(check(runtime.cudaMallocAsync(size, b)))

    def free_async() -> None:
        check(runtime.cudaFreeAsync(held.pop(), b))

    def malloc_host(size: int) -> Callable[[], Any]:
        return lambda: held.append(check(runtime.cudaHostAlloc(size, 0)))

    def free_host() -> None:
        check(runtime.cudaFreeHost(held.pop()))

    def copy(dst: Any, src: Any, size: int, kind: Any) -> Callable[[], Any]:
        return lambda: check(runtime.cudaMemcpyAsync(dst, src, size, kind, b))

    def copy_sync(dst: Any, src: Any, size: int, kind: Any) -> Callable[[], Any]:
        return lambda: check(runtime.cudaMemcpy(dst, src, size, kind))

    nothing: Callable[[], Any] = lambda: None
    kb, mb = 1 << 10, 1 << 20
    cases: dict[str, tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]] = {}
    for size, label in ((4 * kb, "4K"), (1 * mb, "1M"), (64 * mb, "64M")):
        cases[f"cudaMalloc {label}"] = (nothing, malloc(size), free)
        cases[f"cudaFree {label}"] = (malloc(size), free, nothing)
        cases[f"cudaMallocAsync {label}"] = (nothing, malloc_async(size), free_async)
        cases[f"cudaFreeAsync {label}"] = (malloc_async(size), free_async, nothing)
        cases[f"cudaHostAlloc {label}"] = (nothing, malloc_host(size), free_host)
        cases[f"cudaFreeHost {label}"] = (malloc_host(size), free_host, nothing)
    for size, label in (
        (kb, "1K"),
        (32 * kb, "32K"),
        (64 * kb, "64K"),
        (128 * kb, "128K"),
        (mb, "1M"),
        (16 * mb, "16M"),
        (64 * mb, "64M"),
    ):
        cases[f"cudaMemcpyAsync H2D pageable {label}"] = (
            nothing,
            copy(device, page, size, h2d),
            nothing,
        )
        cases[f"cudaMemcpyAsync D2H pageable {label}"] = (
            nothing,
            copy(page, device, size, d2h),
            nothing,
        )
        cases[f"cudaMemcpy H2D pageable {label}"] = (
            nothing,
            copy_sync(device, page, size, h2d),
            nothing,
        )
        cases[f"cudaMemcpy D2H pageable {label}"] = (
            nothing,
            copy_sync(page, device, size, d2h),
            nothing,
        )
    for size, label in ((kb, "1K"), (mb, "1M"), (64 * mb, "64M")):
        cases[f"cudaMemcpyAsync H2D pinned {label}"] = (
            nothing,
            copy(device, pinned, size, h2d),
            nothing,
        )
        cases[f"cudaMemcpyAsync D2H pinned {label}"] = (
            nothing,
            copy(pinned, device, size, d2h),
            nothing,
        )
        cases[f"cudaMemcpy H2D pinned {label}"] = (
            nothing,
            copy_sync(device, pinned, size, h2d),
            nothing,
        )
        cases[f"cudaMemcpy D2H pinned {label}"] = (
            nothing,
            copy_sync(pinned, device, size, d2h),
            nothing,
        )
        cases[f"cudaMemcpyAsync D2D {label}"] = (nothing, copy(device2, device, size, d2d), nothing)
        cases[f"cudaMemcpy D2D {label}"] = (nothing, copy_sync(device2, device, size, d2d), nothing)
    cases["cudaMemsetAsync 64M"] = (
        nothing,
        lambda: check(runtime.cudaMemsetAsync(device, 1, 64 * mb, b)),
        nothing,
    )
    cases["cudaMemset 64M"] = (
        nothing,
        lambda: check(runtime.cudaMemset(device, 1, 64 * mb)),
        nothing,
    )
    cases["cuLaunchKernelEx"] = (nothing, lambda: lab.launch("empty", b), nothing)
    cases["cudaEventRecord"] = (nothing, lambda: check(runtime.cudaEventRecord(event, b)), nothing)
    cases["cudaEventRecord timing"] = (
        nothing,
        lambda: check(runtime.cudaEventRecord(timing_event, b)),
        nothing,
    )
    cases["cudaStreamWaitEvent"] = (
        lambda: check(runtime.cudaEventRecord(event, lab.a)),
        lambda: check(runtime.cudaStreamWaitEvent(b, event, 0)),
        nothing,
    )
    cases["cudaStreamSynchronize"] = (
        nothing,
        lambda: check(runtime.cudaStreamSynchronize(b)),
        nothing,
    )
    cases["cudaDeviceSynchronize"] = (
        nothing,
        lambda: check(runtime.cudaDeviceSynchronize()),
        nothing,
    )
    cases["cudaStreamCreate"] = (
        nothing,
        lambda: held.append(lab.stream()),
        lambda: check(runtime.cudaStreamDestroy(held.pop())),
    )
    cases["cudaStreamDestroy"] = (
        lambda: held.append(lab.stream()),
        lambda: check(runtime.cudaStreamDestroy(held.pop())),
        nothing,
    )
    cases["cudaEventCreate"] = (
        nothing,
        lambda: held.append(check(runtime.cudaEventCreate())),
        lambda: check(runtime.cudaEventDestroy(held.pop())),
    )
    cases["cudaStreamQuery"] = (nothing, lambda: runtime.cudaStreamQuery(b), nothing)
    cases["cudaHostRegister 1M"] = (
        nothing,
        lambda: check(runtime.cudaHostRegister(page, mb, 0)),
        lambda: check(runtime.cudaHostUnregister(page)),
    )
    result: Json = {}
    for name, (before, call, after) in cases.items():
        row: Json = {}
        for state, stream in (("idle", None), ("other_stream_busy", lab.a), ("own_stream_busy", b)):
            times = []
            for _ in range(9 if state == "idle" else 3):
                lab.sync()
                before()
                lab.sync()
                if stream is not None:
                    lab.spin(stream, busy_ns)
                times.append(timed(call))
                lab.sync()
                after()
            row[state] = median(times)
        row["waits_for"] = (
            "device"
            if row["other_stream_busy"] > busy_ns * 0.7
            else "stream"
            if row["own_stream_busy"] > busy_ns * 0.7
            else "nothing"
        )
        result[name] = row
    return result


def copies(lab: Lab) -> Json:
    """Time of a copy by size and direction, alone, queued back to back, and both ways together."""
    device = [check(runtime.cudaMalloc(256 << 20)) for _ in range(2)]
    pinned = [check(runtime.cudaHostAlloc(256 << 20, 0)) for _ in range(2)]
    pageable = [np.ones(256 << 20, np.uint8) for _ in range(2)]
    kind = runtime.cudaMemcpyKind
    h2d, d2h, d2d = (
        kind.cudaMemcpyHostToDevice,
        kind.cudaMemcpyDeviceToHost,
        kind.cudaMemcpyDeviceToDevice,
    )
    events = [check(runtime.cudaEventCreate()) for _ in range(4)]

    def span(issue: Callable[[Any], None], stream: Any, count: int) -> int:
        """ns a copy, from events around ``count`` of them behind a spin that hides the host."""
        lab.spin(stream, MS)
        check(runtime.cudaEventRecord(events[0], stream))
        for _ in range(count):
            issue(stream)
        check(runtime.cudaEventRecord(events[1], stream))
        lab.sync()
        return round(check(runtime.cudaEventElapsedTime(events[0], events[1])) * 1e6 / count)

    result: Json = {"per_copy_ns": {}}
    for name, dst, src, direction in (
        ("H2D", device[0], pinned[0], h2d),
        ("D2H", pinned[0], device[0], d2h),
        ("D2D", device[1], device[0], d2d),
    ):
        rows = {}
        for power in (2, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28):
            size = 1 << power

            def issue(
                stream: Any, d: Any = dst, s: Any = src, n: int = size, k: Any = direction
            ) -> None:
                check(runtime.cudaMemcpyAsync(d, s, n, k, stream))

            count = 20 if power <= 20 else 4
            rows[size] = median([span(issue, lab.a, count) for _ in range(5)])
        result["per_copy_ns"][name] = rows

    size = 256 << 20

    def together(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> list[float]:
        """GB/s of two copies that start together on two streams."""
        rates = []
        for _ in range(3):
            lab.sync()
            for index, (stream, (dst, src, direction)) in enumerate(
                zip((lab.a, lab.b), (first, second), strict=True)
            ):
                lab.spin(stream, MS)
                check(runtime.cudaEventRecord(events[2 * index], stream))
                check(runtime.cudaMemcpyAsync(dst, src, size, direction, stream))
                check(runtime.cudaEventRecord(events[2 * index + 1], stream))
            lab.sync()
            pair = [check(runtime.cudaEventElapsedTime(events[i], events[i + 1])) for i in (0, 2)]
            rates.append([size / p / 1e6 for p in pair])
        return [round(statistics.median(r[i] for r in rates), 2) for i in (0, 1)]

    result["GBps_together"] = {
        "H2D+D2H": together((device[0], pinned[0], h2d), (pinned[1], device[1], d2h)),
        "H2D+H2D": together((device[0], pinned[0], h2d), (device[1], pinned[1], h2d)),
        "D2H+D2H": together((pinned[0], device[0], d2h), (pinned[1], device[1], d2h)),
        "D2D+D2D": together((device[0], device[1], d2d), (device[1], device[0], d2d)),
    }
    result["pageable_GBps"] = {}
    for name, direction in (("H2D", h2d), ("D2H", d2h)):
        for power in (12, 16, 18, 20, 22, 24, 26, 28):
            n = 1 << power
            dst, src = (
                (device[0], pageable[0].ctypes.data)
                if name == "H2D"
                else (pageable[0].ctypes.data, device[0])
            )
            times = []
            for _ in range(5):
                lab.sync()

                def both(d: Any = dst, s: Any = src, n: int = n, k: Any = direction) -> None:
                    check(runtime.cudaMemcpyAsync(d, s, n, k, lab.a))
                    check(runtime.cudaStreamSynchronize(lab.a))

                times.append(timed(both))
            result["pageable_GBps"][f"{name} {n}"] = round(n / median(times), 3)
    for size_ in (1 << 12, 1 << 20, 1 << 26):

        def memset(stream: Any, n: int = size_) -> None:
            check(runtime.cudaMemsetAsync(device[0], 0, n, stream))

        result.setdefault("memset_ns", {})[size_] = median(
            [span(memset, lab.a, 10) for _ in range(5)]
        )
    for pointer in device:
        check(runtime.cudaFree(pointer))
    for pointer in pinned:
        check(runtime.cudaFreeHost(pointer))
    return result


def gaps(lab: Lab) -> Json:
    """Gaps between dependent work, from in-kernel stamps, with the host kept ahead by a first spin."""
    event = check(runtime.cudaEventCreateWithFlags(2))
    timing_event = check(runtime.cudaEventCreateWithFlags(0))
    legacy = runtime.cudaStreamLegacy
    blocking = [lab.stream(0) for _ in range(2)]
    device = check(runtime.cudaMalloc(1 << 20))
    pinned = check(runtime.cudaHostAlloc(1 << 20, 0))
    kind = runtime.cudaMemcpyKind
    us = 1000

    def gap(middle: Callable[[], None], first: Any, second: Any) -> int:
        values = []
        for _ in range(15):
            lab.spin(first, 300 * us, 0)
            middle()
            lab.spin(second, 20 * us, 1)
            spans = lab.spans(2)
            values.append(int(spans[1, 0] - spans[0, 1]))
        return median(values)

    def via_event(e: Any) -> Callable[[], None]:
        def middle() -> None:
            check(runtime.cudaEventRecord(e, lab.a))
            check(runtime.cudaStreamWaitEvent(lab.b, e, 0))

        return middle

    def copy(direction: Any, n: int) -> Callable[[], None]:
        dst, src = (
            (device, pinned) if direction == kind.cudaMemcpyHostToDevice else (pinned, device)
        )
        return lambda: check(runtime.cudaMemcpyAsync(dst, src, n, direction, lab.a))

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    def nothing(_: int | None) -> None:
        return None

    address = ctypes.cast(nothing, ctypes.c_void_p).value

    def host_func() -> None:
        check(driver.cuLaunchHostFunc(driver.CUstream(int(lab.a)), driver.CUhostFn(address), 0))

    pool_pointer: list[Any] = []

    def alloc_free() -> None:
        pool_pointer[:] = [check(runtime.cudaMallocAsync(1 << 20, lab.a))]
        check(runtime.cudaFreeAsync(pool_pointer[0], lab.a))

    cases = {
        "same stream": (lambda: None, lab.a, lab.a),
        "same stream, event between": (
            lambda: check(runtime.cudaEventRecord(event, lab.a)),
            lab.a,
            lab.a,
        ),
        "same stream, timing event between": (
            lambda: check(runtime.cudaEventRecord(timing_event, lab.a)),
            lab.a,
            lab.a,
        ),
        "across streams by event": (via_event(event), lab.a, lab.b),
        "across streams by timing event": (via_event(timing_event), lab.a, lab.b),
        "blocking stream then legacy": (lambda: None, blocking[0], legacy),
        "legacy then blocking stream": (lambda: None, legacy, blocking[0]),
        "legacy between two blocking streams": (
            lambda: lab.launch("empty", legacy),
            blocking[0],
            blocking[1],
        ),
        "H2D copy of 4 B between": (copy(kind.cudaMemcpyHostToDevice, 4), lab.a, lab.a),
        "H2D copy of 1 MiB between": (copy(kind.cudaMemcpyHostToDevice, 1 << 20), lab.a, lab.a),
        "D2H copy of 4 B between": (copy(kind.cudaMemcpyDeviceToHost, 4), lab.a, lab.a),
        "D2H copy of 1 MiB between": (copy(kind.cudaMemcpyDeviceToHost, 1 << 20), lab.a, lab.a),
        "empty kernel between": (lambda: lab.launch("empty", lab.a), lab.a, lab.a),
        "host function between": (host_func, lab.a, lab.a),
        "cudaMallocAsync+FreeAsync between": (alloc_free, lab.a, lab.a),
    }
    return {name: gap(*case) for name, case in cases.items()}


def sync_latency(lab: Lab) -> Json:
    """Host time of launch + synchronise around an empty kernel, and around a 200 µs spin, less 200 µs."""
    event = check(runtime.cudaEventCreateWithFlags(2))

    def run(wait: Callable[[], Any], spin_ns: int) -> int:
        def once() -> None:
            if spin_ns:
                lab.spin(lab.a, spin_ns)
            else:
                lab.launch("empty", lab.a)
            wait()

        return median([timed(once) for _ in range(30)]) - spin_ns

    def by_event() -> None:
        check(runtime.cudaEventRecord(event, lab.a))
        check(runtime.cudaEventSynchronize(event))

    result: Json = {}
    for name, wait in (
        ("cudaStreamSynchronize", lambda: check(runtime.cudaStreamSynchronize(lab.a))),
        ("cudaDeviceSynchronize", lab.sync),
        ("cudaEventSynchronize", by_event),
    ):
        result[name] = {"empty": run(wait, 0), "spin_200us": run(wait, 200_000)}
    count = 2000
    lab.sync()
    result["launch_throughput_ns"] = (
        timed(lambda: [lab.launch("empty", lab.a) for _ in range(count)]) // count
    )
    lab.sync()
    return result


def concurrency(lab: Lab) -> Json:
    """How many grids are resident at once; whether cooperative launches overlap; who gets the SMs."""
    streams = [lab.stream() for _ in range(256)]
    result: Json = {"resident": {}}

    def most_at_once(spans: np.ndarray[Any, Any]) -> int:
        times = np.concatenate([spans[:, 0], spans[:, 1]])
        steps = np.concatenate([np.ones(len(spans), int), -np.ones(len(spans), int)])
        return int(np.cumsum(steps[np.lexsort((steps, times))]).max())

    gate = check(runtime.cudaHostAlloc(4, 2))
    flag = (ctypes.c_uint32 * 1).from_address(int(gate))
    for count in (1, 8, 16, 32, 64, 96, 120, 127, 128, 129, 136, 160, 192, 256):
        flag[0] = 0
        for stream in streams[:count]:
            check(
                driver.cuStreamWaitValue32(
                    driver.CUstream(int(stream)), driver.CUdeviceptr(int(gate)), 1, 1
                )
            )
        for slot, stream in enumerate(streams[:count]):
            lab.spin(stream, 2 * MS, slot)
        flag[0] = 1
        spans = lab.spans(count)
        result["resident"][count] = {
            "most": most_at_once(spans),
            "makespan": int(spans[:, 1].max()),
        }

    def overlap(attrs_a: tuple[Any, ...], attrs_b: tuple[Any, ...], grid: int = 4) -> int:
        values = []
        for _ in range(5):
            lab.spin(lab.a, MS, 0, grid=grid, attributes=attrs_a)
            lab.spin(lab.b, MS, grid, grid=grid, attributes=attrs_b)
            s = lab.spans(2 * grid)
            values.append(int(s[:grid, 1].max() - s[grid:, 0].min()))
        return median(values)

    cooperative = (attribute("COOPERATIVE", cooperative=1),)
    result["overlap_ns"] = {
        "two normal": overlap((), ()),
        "cooperative + normal": overlap(cooperative, ()),
        "normal + cooperative": overlap((), cooperative),
        "two cooperative": overlap(cooperative, cooperative),
    }
    sms = int(lab.properties.multiProcessorCount)
    # A grid that fills the machine for 4 waves, then a small one: in which wave does that start?
    starts: Json = {}
    for name, priority in (("equal", 0), ("high", -5)):
        small = lab.stream(priority=priority)
        values = []
        for _ in range(5):
            lab.spin(lab.a, MS // 2, 0, grid=8 * sms, block=1024)
            time.sleep(0.0003)
            lab.spin(small, 100_000, 8 * sms, grid=8, block=1024)
            stamps = lab.read(2 * (8 * sms + 8)).astype(np.int64).reshape(-1, 2)
            big, little = stamps[: 8 * sms], stamps[8 * sms :]
            values.append(int(little[:, 0].min() - big[:, 0].min()))
        starts[name] = median(values)
    result["small_grid_starts_after_ns (behind 4 waves of 0.5 ms)"] = starts
    return result


def queue_depth(lab: Lab) -> Json:
    """The first launch at which the host blocks behind a 30 ms spin."""
    lab.sync()
    lab.spin(lab.a, 30 * MS)
    for index in range(5000):
        if timed(lambda: lab.launch("empty", lab.a)) > 3 * MS:
            lab.sync()
            return {"launches_before_host_blocks": index + 1}
    lab.sync()
    return {"launches_before_host_blocks": None}


def pdl(lab: Lab) -> Json:
    """When the dependent starts and when its griddepcontrol.wait returns, after the primary's start."""
    allowed = (
        attribute("PROGRAMMATIC_STREAM_SERIALIZATION", programmaticStreamSerializationAllowed=1),
    )
    event = check(runtime.cudaEventCreateWithFlags(2))
    base = int(lab.stamps)
    result: Json = {}
    for name, attrs, between, grid in (
        ("plain", (), False, 1),
        ("pdl", allowed, False, 1),
        ("pdl full grid", allowed, False, int(lab.properties.multiProcessorCount)),
        ("pdl, event between", allowed, True, 1),
    ):
        rows = []
        for _ in range(9):
            lab.spin(lab.a, 200_000)
            lab.launch("primary", lab.a, 50_000, 50_000, base, grid=grid, block=1024)
            if between:
                check(runtime.cudaEventRecord(event, lab.a))
            lab.launch("secondary", lab.a, 20_000, base, grid=grid, block=1024, attributes=attrs)
            s = lab.read(6).astype(np.int64)
            rows.append([int(v - s[0]) for v in s[1:]])
        keys = ("trigger", "primary_end", "secondary_start", "wait_returns", "secondary_end")
        result[name] = {k: median([r[i] for r in rows]) for i, k in enumerate(keys)}
    return result


def rates(lab: Lab) -> Json:
    """Device-memory bandwidth and FP32 rate of one kernel and of two at once; block limits."""
    n = 1 << 30
    buffers = [check(runtime.cudaMalloc(n)) for _ in range(2)]
    sms = int(lab.properties.multiProcessorCount)
    base = int(lab.stamps)
    result: Json = {}

    def copy_rate(grid: int, streams: int) -> float:
        values = []
        for _ in range(3):
            for index in range(streams):
                stream = (lab.a, lab.b)[index]
                half = n // streams
                offset = index * half
                lab.launch(
                    "stream_copy",
                    stream,
                    int(buffers[0]) + offset,
                    int(buffers[1]) + offset,
                    half // 16,
                    base + 16 * grid * index,
                    grid=grid,
                    block=1024,
                )
            s = lab.spans(grid * streams)
            values.append(2 * n / float(s[:, 1].max()))
        return round(statistics.median(values), 1)

    result["copy_GBps (read + write)"] = {
        "2 blocks an SM": copy_rate(2 * sms, 1),
        "1 block an SM": copy_rate(sms, 1),
        "half the SMs": copy_rate(sms // 2, 1),
        "quarter of the SMs": copy_rate(sms // 4, 1),
        "8 blocks": copy_rate(8, 1),
        "1 block": copy_rate(1, 1),
        "two kernels of 1 block an SM": copy_rate(sms, 2),
    }
    loops = 200_000

    def flop_rate(grid: int, block: int) -> float:
        values = []
        for _ in range(3):
            lab.launch("fma_loop", lab.a, 0, loops, base, grid=grid, block=block)
            s = lab.spans(grid)
            values.append(8 * loops * grid * block / float(s[:, 1].max()) / 1e3)
        return round(statistics.median(values), 2)

    result["fp32_TFLOPs"] = {
        f"{g}x{b}": flop_rate(g, b)
        for g, b in ((sms, 1024), (2 * sms, 1024), (sms, 256), (1, 1024), (1, 256))
    }
    check(runtime.cudaFree(buffers[0]))
    check(runtime.cudaFree(buffers[1]))
    return result


def pools(lab: Lab) -> Json:
    """Host time of stream-ordered allocation: cold, warm, and after the pool was trimmed."""
    pool = check(runtime.cudaDeviceGetDefaultMemPool(0))
    size = 64 << 20
    attr = runtime.cudaMemPoolAttr

    def reserved() -> int:
        return int(
            check(runtime.cudaMemPoolGetAttribute(pool, attr.cudaMemPoolAttrReservedMemCurrent))
        )

    def threshold(n: int) -> None:
        check(
            runtime.cudaMemPoolSetAttribute(
                pool, attr.cudaMemPoolAttrReleaseThreshold, driver.cuuint64_t(n)
            )
        )

    result: Json = {}
    for name, keep in (("threshold 0", 0), ("threshold max", (1 << 64) - 1)):
        threshold(keep)
        check(runtime.cudaMemPoolTrimTo(pool, 0))
        first, again, frees, syncs, after_sync = [], [], [], [], []
        held = 0
        for _ in range(7):
            check(runtime.cudaMemPoolTrimTo(pool, 0))
            pointer = []
            first.append(
                timed(lambda p=pointer: p.append(check(runtime.cudaMallocAsync(size, lab.a))))
            )
            frees.append(timed(lambda p=pointer: check(runtime.cudaFreeAsync(p.pop(), lab.a))))
            again.append(
                timed(lambda p=pointer: p.append(check(runtime.cudaMallocAsync(size, lab.a))))
            )
            check(runtime.cudaFreeAsync(pointer.pop(), lab.a))
            syncs.append(timed(lambda: check(runtime.cudaStreamSynchronize(lab.a))))
            held = reserved()
            after_sync.append(
                timed(lambda p=pointer: p.append(check(runtime.cudaMallocAsync(size, lab.a))))
            )
            check(runtime.cudaFreeAsync(pointer.pop(), lab.a))
            lab.sync()
        result[name] = {
            "malloc cold": median(first),
            "free": median(frees),
            "malloc warm": median(again),
            "stream sync": median(syncs),
            "reserved after sync": held,
            "malloc after sync": median(after_sync),
        }
    threshold(0)
    return result


def graphs(lab: Lab) -> Json:
    """Host cost of a replay and gap between nodes, by number of nodes; stamps of the first and last."""
    result: Json = {}
    mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeGlobal
    for nodes in (1, 10, 100, 1000):
        check(runtime.cudaStreamBeginCapture(lab.a, mode))
        for slot in range(nodes):
            lab.spin(lab.a, 2000, slot)
        graph = check(runtime.cudaStreamEndCapture(lab.a))
        instance = check(runtime.cudaGraphInstantiate(graph, 0))
        check(runtime.cudaGraphLaunch(instance, lab.a))
        lab.sync()
        host = []
        for _ in range(9):
            host.append(timed(lambda: check(runtime.cudaGraphLaunch(instance, lab.a))))
            lab.sync()
        s = lab.spans(nodes)
        between = (s[1:, 0] - s[:-1, 1]) if nodes > 1 else np.zeros(1, int)
        result[nodes] = {
            "host_ns": median(host),
            "gap_ns": int(np.median(between)),
            "makespan": int(s[-1, 1]),
        }
        check(runtime.cudaGraphExecDestroy(instance))
    return result


EXPERIMENTS: dict[str, Callable[[Lab], Json]] = {
    "waits": waits,
    "copies": copies,
    "gaps": gaps,
    "sync_latency": sync_latency,
    "concurrency": concurrency,
    "queue_depth": queue_depth,
    "pdl": pdl,
    "rates": rates,
    "pools": pools,
    "graphs": graphs,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("semantics.json"))
    parser.add_argument("--only", nargs="*", choices=list(EXPERIMENTS), default=list(EXPERIMENTS))
    arguments = parser.parse_args()
    lab = Lab()
    p = lab.properties
    result: Json = {
        "device": {
            "name": p.name.decode().rstrip("\0"),
            "sm_count": p.multiProcessorCount,
            "copy_engines": p.asyncEngineCount,
            "memory_bytes": p.totalGlobalMem,
            "l2_bytes": p.l2CacheSize,
            "threads_per_sm": p.maxThreadsPerMultiProcessor,
            "blocks_per_sm": p.maxBlocksPerMultiProcessor,
            "registers_per_sm": p.regsPerMultiprocessor,
            "shared_per_sm": p.sharedMemPerMultiprocessor,
            "shared_per_block_optin": p.sharedMemPerBlockOptin,
            "driver": check(runtime.cudaDriverGetVersion()),
            "runtime": check(runtime.cudaRuntimeGetVersion()),
        },
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
    for name in arguments.only:
        start = time.perf_counter()
        try:
            result[name] = EXPERIMENTS[name](lab)
        except (
            Exception
        ) as error:  # one experiment that this device refuses must not cost the others
            result[name] = {"error": f"{type(error).__name__}: {error}"}
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
