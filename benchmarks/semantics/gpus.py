"""Several GPUs under test, each a :class:`Lab`, and how their work is timed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from cuda.bindings import runtime

from benchmarks.semantics.lab import MS, Lab, check

MIB = 1 << 20
LARGEST = 256 * MIB
SIZES = (4, 4096, 65_536, MIB, 4 * MIB, 8 * MIB, 16 * MIB, 64 * MIB, LARGEST)
HOST_NS = 12_000
"""A call and its events, generously: a spin that long for each hides the host."""

TURNS = 5
FMA_LOOPS = 100_000

Enqueue = Callable[[], object]


class Gpu(Lab):
    """A device with two buffers, a pair of events and a stream for communication."""

    def __init__(self, device: int) -> None:
        super().__init__(device)
        self.source, self.target = (int(check(runtime.cudaMalloc(LARGEST))) for _ in range(2))
        check(runtime.cudaMemset(self.source, 0, LARGEST))
        self.first, self.last, self.spun = (check(runtime.cudaEventCreate()) for _ in range(3))
        self.fast = self.stream(priority=-5)
        self.sms = int(self.properties.multiProcessorCount)

    def measured(self, stream: Any, enqueue: Enqueue, count: int = 1, spin_ns: int = MS) -> None:
        """Enqueue ``count`` times between the events, behind a spin that hides the host."""
        self.use()
        if spin_ns:
            self.spin(stream, spin_ns)
        check(runtime.cudaEventRecord(self.first, stream))
        for _ in range(count):
            enqueue()
        check(runtime.cudaEventRecord(self.last, stream))

    def elapsed_ns(self, count: int = 1) -> float:
        """Between the events, divided by ``count``."""
        self.use()
        check(runtime.cudaEventSynchronize(self.last))
        elapsed_ms: float = check(runtime.cudaEventElapsedTime(self.first, self.last))
        return elapsed_ms * 1e6 / count

    def send(self, to: Gpu, nbytes: int, stream: Any = None) -> Enqueue:
        """A peer copy, by default in stream a."""

        def enqueue() -> None:
            check(
                runtime.cudaMemcpyPeerAsync(
                    to.target, to.device, self.source, self.device, nbytes, stream or self.a
                )
            )

        return enqueue

    def compute(self) -> None:
        """About 2 ms of FMAs on all SMs, in stream b."""
        self.launch("fma_loop", self.b, 0, FMA_LOOPS, 0, grid=self.sms, block=1024)

    def fill_sms(self, ns: int) -> None:
        """A spin that leaves no SM a free thread, in stream b."""
        self.use()
        self.spin(self.b, ns, grid=2 * self.sms, block=1024)


def count_gpus() -> int:
    return int(check(runtime.cudaGetDeviceCount()))


def gpus() -> list[Gpu]:
    found = [Gpu(device) for device in range(count_gpus())]
    for one, other in permutations(found, 2):
        if check(runtime.cudaDeviceCanAccessPeer(one.device, other.device)):
            one.use()
            runtime.cudaDeviceEnablePeerAccess(other.device, 0)
            runtime.cudaGetLastError()
    return found


def sync_all(devices: Sequence[Gpu]) -> None:
    for gpu in devices:
        gpu.use()
        gpu.sync()


def median_of(once: Callable[[], float]) -> float:
    return round(statistics.median(once() for _ in range(TURNS)), 1)


def attempt(do: Callable[[], Any]) -> Any:
    """One measurement that fails must not hide the others."""
    try:
        return do()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
