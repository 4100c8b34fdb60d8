"""What each call waits for: nothing, its stream, or the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import runtime

from benchmarks.semantics.lab import MS, Json, Lab, check, median, timed


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

    def nothing() -> None:
        return None

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
        (2 * mb, "2M"),
        (4 * mb, "4M"),
        (8 * mb, "8M"),
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
