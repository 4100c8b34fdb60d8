"""Peer copies: time over sizes, one way and both; do they need SMs; what they cost kernels.

It needs two GPUs; with fewer it says so::

    python -m benchmarks.semantics --only peer collectives --out peer.json
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import partial
from itertools import permutations

from cuda.bindings import runtime

from benchmarks.semantics.gpus import (
    HOST_NS,
    LARGEST,
    MIB,
    SIZES,
    TURNS,
    Enqueue,
    Gpu,
    attempt,
    count_gpus,
    gpus,
    median_of,
    sync_all,
)
from benchmarks.semantics.lab import MS, Json, Lab, check, timed
from timeline.backends.cuda.api import NOT_READY
from timeline.backends.cuda.cupti import CuptiCollector


def peer(_: Lab) -> Json:
    """Peer copies: time over sizes, one way and both; do they need SMs; what they cost kernels."""
    if count_gpus() < 2:
        return {"skipped": f"needs 2 GPUs, there is {count_gpus()}"}
    devices = gpus()
    one, other = devices[:2]
    result: Json = {
        "gpus": len(devices),
        "access": attempt(lambda: links(devices)),
        "copy_ns": attempt(lambda: {size: one_way_ns(one, other, size) for size in SIZES}),
        "both_ways_ns": attempt(
            lambda: {size: both_ways_ns(one, other, size) for size in SIZES[3:]}
        ),
        "GBps_64MiB_by_pair": attempt(
            lambda: {
                f"{a.device}->{b.device}": round(64 * MIB / one_way_ns(a, b, 64 * MIB), 1)
                for a, b in permutations(devices, 2)
            }
        ),
        "with_all_SMs_taken": attempt(lambda: without_sms(one, other)),
        "kernel_beside_copies": attempt(lambda: beside_copies(one, other)),
        "records": attempt(lambda: copy_records(one, other)),
        "host_ns_of_the_call": attempt(lambda: call_ns(one, other)),
    }
    Lab().use()
    return result


def links(devices: Sequence[Gpu]) -> Json:
    kinds = runtime.cudaDeviceP2PAttr
    found: Json = {}
    for a, b in permutations(devices, 2):
        pair = (a.device, b.device)
        found[f"{a.device}->{b.device}"] = {
            "access": check(runtime.cudaDeviceCanAccessPeer(*pair)),
            "rank": check(
                runtime.cudaDeviceGetP2PAttribute(kinds.cudaDevP2PAttrPerformanceRank, *pair)
            ),
            "atomics": check(
                runtime.cudaDeviceGetP2PAttribute(kinds.cudaDevP2PAttrNativeAtomicSupported, *pair)
            ),
        }
    return found


def copies_for(size: int) -> int:
    return 20 if size <= 16 * MIB else 5


def one_way_ns(one: Gpu, other: Gpu, size: int) -> float:
    count = copies_for(size)

    def once() -> float:
        one.measured(one.a, one.send(other, size), count, MS + count * HOST_NS)
        return one.elapsed_ns(count)

    return median_of(once)


def both_ways_ns(one: Gpu, other: Gpu, size: int) -> Json:
    count = copies_for(size)

    def once(which: int) -> float:
        for here, there in ((one, other), (other, one)):
            here.measured(here.a, here.send(there, size), count, 2 * MS + 2 * count * HOST_NS)
        found = one.elapsed_ns(count), other.elapsed_ns(count)
        return found[which]

    return {"0->1": median_of(lambda: once(0)), "1->0": median_of(lambda: once(1))}


def without_sms(one: Gpu, other: Gpu) -> Json:
    """A copy while spins leave no SM of either device a free thread: does it wait for them?"""

    def once(spin_ns: int) -> tuple[float, bool]:
        if spin_ns:
            for gpu in (one, other):
                gpu.fill_sms(spin_ns)
            one.use()
            check(runtime.cudaEventRecord(one.spun, one.b))
            time.sleep(0.5e-3)
        one.measured(one.a, one.send(other, LARGEST), 1, 0)
        took = one.elapsed_ns()
        running = bool(spin_ns) and int(runtime.cudaEventQuery(one.spun)[0]) == NOT_READY
        sync_all((one, other))
        return took, running

    alone, taken = ([once(ns) for _ in range(TURNS)] for ns in (0, 20 * MS))
    return {
        "bytes": LARGEST,
        "alone_ns": statistics.median(took for took, _ in alone),
        "with_all_SMs_taken_ns": statistics.median(took for took, _ in taken),
        "ended_while_the_spins_ran": sum(running for _, running in taken),
        "of": TURNS,
    }


def beside_copies(one: Gpu, other: Gpu) -> Json:
    """A kernel on the source, and on the target, alone and beside copies that outlast it."""

    def stream_copy(gpu: Gpu) -> Enqueue:
        half = LARGEST // 2
        return lambda: gpu.launch(
            "stream_copy", gpu.b, gpu.source, gpu.source + half, half // 16, 0,
            grid=2 * gpu.sms, block=1024,
        )  # fmt: skip

    def once(gpu: Gpu, enqueue: Enqueue, count: int, copies: int) -> float:
        one.use()
        if copies:
            one.spin(one.a, MS)
            for _ in range(copies):
                one.send(other, 64 * MIB)()
        gpu.measured(gpu.b, enqueue, count, MS + 200_000)
        took = gpu.elapsed_ns(count)
        sync_all((one, other))
        return took

    found: Json = {}
    for name, gpu in (("source", one), ("target", other)):
        for kind, enqueue, count in (("fma", gpu.compute, 1), ("copy", stream_copy(gpu), 10)):
            times = [median_of(partial(once, gpu, enqueue, count, copies)) for copies in (0, 40)]
            found[f"{kind} kernel on the {name}"] = {
                "alone_ns": times[0],
                "beside_copies_ns": times[1],
                "slower": round(times[1] / times[0], 4),
            }
    return found


def copy_records(one: Gpu, other: Gpu) -> Json:
    """What CUPTI reports of peer copies: kinds, devices, times; and any kernels beside them."""
    collector = CuptiCollector()
    collector.start()
    try:
        one.use()
        for size in SIZES:
            for _ in range(3):
                one.send(other, size)()
        sync_all((one, other))
    finally:
        activities = collector.stop().tables["activities"].to_pylist()
    copies = [row for row in activities if row["kind"] == "memcpy"]
    return {
        "activities_that_are_no_copies": len(activities) - len(copies),
        "kinds": sorted({(row["copy_kind"], row["engine"]) for row in copies}),
        "devices (device, source, target)": sorted(
            {(row["device"], row["src_device"], row["dst_device"]) for row in copies}
        ),
        "duration_ns": {
            size: statistics.median(r["end"] - r["start"] for r in copies if r["bytes"] == size)
            for size in SIZES
        },
    }


def call_ns(one: Gpu, other: Gpu) -> float:
    one.use()
    times = [timed(one.send(other, 4)) for _ in range(50)]
    sync_all((one, other))
    return statistics.median(times)
