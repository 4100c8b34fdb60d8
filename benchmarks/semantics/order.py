"""Gaps between dependent work: streams, events, copies, host functions, PDL, graphs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import driver, runtime

from benchmarks.semantics.lab import Json, Lab, attribute, check, median, timed


def gaps(lab: Lab) -> Json:
    """Gaps between dependent work, from stamps; a first spin keeps the host ahead."""
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

    # A C function that returns at once, so that no interpreter is in the way.
    address = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value

    def host_func() -> None:
        function = driver.CUhostFn(address)
        check(driver.cuLaunchHostFunc(driver.CUstream(int(lab.a)), function, 0))

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
    """Host time of launch + synchronise: an empty kernel; a 200 µs spin, less 200 µs."""
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

    def burst() -> None:
        for _ in range(count):
            lab.launch("empty", lab.a)

    result["launch_throughput_ns"] = timed(burst) // count
    lab.sync()
    return result


def pdl(lab: Lab) -> Json:
    """When the dependent starts and its wait returns, after the primary's start."""
    allowed = (
        attribute("PROGRAMMATIC_STREAM_SERIALIZATION", programmaticStreamSerializationAllowed=1),
    )
    event = check(runtime.cudaEventCreateWithFlags(2))
    timing_event = check(runtime.cudaEventCreateWithFlags(0))
    base = int(lab.stamps)
    result: Json = {}
    for name, attrs, between, grid in (
        ("plain", (), None, 1),
        ("pdl", allowed, None, 1),
        ("pdl full grid", allowed, None, int(lab.properties.multiProcessorCount)),
        ("pdl, event between", allowed, event, 1),
        ("pdl, timing event between", allowed, timing_event, 1),
    ):
        rows = []
        for _ in range(9):
            lab.spin(lab.a, 200_000)
            lab.launch("primary", lab.a, 50_000, 50_000, base, grid=grid, block=1024)
            if between is not None:
                check(runtime.cudaEventRecord(between, lab.a))
            lab.launch("secondary", lab.a, 20_000, base, grid=grid, block=1024, attributes=attrs)
            s = lab.read(6).astype(np.int64)
            rows.append([int(v - s[0]) for v in s[1:]])
        keys = ("trigger", "primary_end", "secondary_start", "wait_returns", "secondary_end")
        result[name] = {k: median([r[i] for r in rows]) for i, k in enumerate(keys)}
    return result


def graphs(lab: Lab) -> Json:
    """Host cost of a replay and gap between nodes, by number of nodes."""
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

        def replay(graph: Any = instance) -> None:
            check(runtime.cudaGraphLaunch(graph, lab.a))

        host = []
        for _ in range(9):
            host.append(timed(replay))
            lab.sync()
        s = lab.spans(nodes)
        between = (s[1:, 0] - s[:-1, 1]) if nodes > 1 else np.zeros(1, int)
        result[str(nodes)] = {
            "host_ns": median(host),
            "gap_ns": int(np.median(between)),
            "makespan": int(s[-1, 1]),
        }
        check(runtime.cudaGraphExecDestroy(instance))
    return result
