"""How much fits: resident grids, cooperative launches, the launch queue, bandwidth, FP32."""

from __future__ import annotations

import ctypes
import statistics
import time
from typing import Any

import numpy as np
from cuda.bindings import driver, runtime

from benchmarks.semantics.lab import MS, Json, Lab, attribute, check, median, timed


def concurrency(lab: Lab) -> Json:
    """How many grids are resident; do cooperative launches overlap; who gets the SMs."""
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

    sms = int(lab.properties.multiProcessorCount)

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
        "two cooperative of 1 block an SM": overlap(cooperative, cooperative, sms),
        "two normal of 1 block an SM": overlap((), (), sms),
    }
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
