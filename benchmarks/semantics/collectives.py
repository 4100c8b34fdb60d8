"""All-reduces (NCCL): time over sizes, the blocks of their kernels, and what they cost kernels.

It needs two GPUs and NCCL; see :mod:`benchmarks.semantics.peer`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import numpy as np
from cuda.bindings import runtime

from benchmarks.semantics.gpus import (
    HOST_NS,
    MIB,
    SIZES,
    Gpu,
    attempt,
    count_gpus,
    gpus,
    median_of,
    sync_all,
)
from benchmarks.semantics.lab import MS, Json, Lab, check
from timeline.backends.cuda.cupti import CuptiCollector
from timeline.backends.cuda.nccl_library import Nccl, load_nccl


def collectives(_: Lab) -> Json:
    """All-reduces over 2 and over all GPUs: time over sizes, their kernels' blocks, overlap."""
    if count_gpus() < 2:
        return {"skipped": f"needs 2 GPUs, there is {count_gpus()}"}
    devices = gpus()
    nccl = load_nccl()
    result: Json = {"nccl": nccl.version}
    for count in sorted({2, len(devices)}):
        ring = Ring(nccl, devices[:count])
        result[f"{count} GPUs"] = {
            "all_reduce_ns": attempt(ring.times_ns),
            "kernels": attempt(ring.kernels),
            "with_all_SMs_taken": attempt(ring.without_sms),
            "beside_a_kernel": attempt(ring.beside_kernels),
        }
        ring.close()
    Lab().use()
    return result


class Ring:
    """Some devices with a communicator each."""

    def __init__(self, nccl: Nccl, devices: Sequence[Gpu]) -> None:
        self.nccl, self.devices = nccl, devices
        self.members = nccl.init_all([gpu.device for gpu in devices])
        for size in SIZES:
            self.reduce(size)
        sync_all(devices)

    def reduce(self, size: int) -> None:
        """An all-reduce of ``size`` bytes in the communication streams."""
        self.nccl.all_reduce(
            self.members,
            [gpu.source for gpu in self.devices],
            size // 4,
            [int(gpu.fast) for gpu in self.devices],
        )

    def times_ns(self) -> Json:
        """Of one all-reduce, by its size in bytes."""
        return {str(size): self.time_ns(size) for size in SIZES}

    def time_ns(self, size: int, count: int = 20) -> float:
        """Of one, of ``count`` back to back; the longest of any device."""

        def once() -> float:
            for gpu in self.devices:
                gpu.use()
                gpu.spin(gpu.fast, MS + 4 * count * HOST_NS)
                check(runtime.cudaEventRecord(gpu.first, gpu.fast))
            for _ in range(count):
                self.reduce(size)
            for gpu in self.devices:
                gpu.use()
                check(runtime.cudaEventRecord(gpu.last, gpu.fast))
            return max(gpu.elapsed_ns(count) for gpu in self.devices)

        return median_of(once)

    def kernels(self) -> Json:
        """What CUPTI reports of each size's kernel on the first device."""
        found: Json = {}
        for size in SIZES:
            collector = CuptiCollector()
            collector.start()
            try:
                for _ in range(5):
                    self.reduce(size)
                sync_all(self.devices)
            finally:
                rows = collector.stop().tables["activities"].to_pylist()
            mine = [r for r in rows if r["device"] == self.devices[0].device]
            starts = [r for r in mine if r["kind"] == "kernel"]
            ends = {r["device"]: max(x["end"] for x in rows if x["device"] == r["device"])
                    for r in rows}  # fmt: skip
            found[str(size)] = {
                "name": sorted({r["name"].partition("(")[0] for r in starts}),
                "blocks": sorted({int(np.prod(r["grid"])) for r in starts}),
                "threads": sorted({int(np.prod(r["block"])) for r in starts}),
                "registers": sorted({r["registers"] for r in starts}),
                "shared_bytes": sorted({r["static_shared"] + r["dynamic_shared"] for r in starts}),
                "duration_ns": statistics.median(r["end"] - r["start"] for r in starts),
                "ends_apart_ns": max(ends.values()) - min(ends.values()),
                "activities_that_are_no_kernels": len(mine) - len(starts),
            }
        return found

    def without_sms(self) -> Json:
        """Does an all-reduce wait for spins that leave no SM of any device a free thread?"""
        spin_ns = 5 * MS
        for gpu in self.devices:
            gpu.fill_sms(spin_ns)
        time.sleep(0.5e-3)
        start = time.perf_counter_ns()
        self.reduce(8 * MIB)
        sync_all(self.devices)
        return {"spin_ns": spin_ns, "from_call_to_end_ns": time.perf_counter_ns() - start}

    def beside_kernels(self, size: int = 8 * MIB, count: int = 300) -> Json:
        """A kernel that fills all SMs, alone and beside all-reduces that outlast it."""

        def once(reduces: int) -> float:
            for gpu in self.devices:
                gpu.use()
                gpu.spin(gpu.fast, 2 * MS)
            for _ in range(reduces):
                self.reduce(size)
            for gpu in self.devices:
                gpu.measured(gpu.b, gpu.compute, 4, MS)
            took = max(gpu.elapsed_ns(4) for gpu in self.devices)
            sync_all(self.devices)
            return took

        alone, beside = median_of(lambda: once(0)), median_of(lambda: once(count))
        return {"alone_ns": alone, "beside_ns": beside, "slower": round(beside / alone, 4)}

    def close(self) -> None:
        for member in self.members:
            self.nccl.destroy(member)
