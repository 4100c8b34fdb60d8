"""``%globaltimer`` on the collector's clock: measured in each run, never assumed.

A kernel runs alone a few times. The collector reports when it started and ended, the kernel what it
read from ``%globaltimer`` inside; the reported start can't be later, nor the reported end earlier,
than the kernel's own readings, which bounds the offset from both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timeline.backends.cuda.api import Api
from timeline.backends.cuda.launch import Functions
from timeline.backends.cuda.params import Params

__all__ = ["SYMBOL", "Alignment", "Calibration", "align"]

SYMBOL = "timeline_clock"

_SPIN_NS = 20_000
_RUNS = 5

_SOURCE = b"""
extern "C" __global__ void timeline_clock(unsigned long long* stamps, unsigned long long ns) {
    unsigned long long start, now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(start));
    do {
        asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
    } while (now - start < ns);
    stamps[0] = start;
    stamps[1] = now;
}
"""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Alignment:
    """What to add to ``%globaltimer`` to get the collector's clock.

    Attributes
    ----------
    residual_ns : int
        Half the width of the interval that the offset lies in; or, when no single offset fits every
        run, half the distance between those that do.
    """

    offset_ns: int
    residual_ns: int
    runs: int


def align(stamps: Sequence[Span], reported: Sequence[Span]) -> Alignment | None:
    """Find the offset from what the kernels read and what the collector reported, run by run.

    With one offset for all, ``reported start <= stamp start + offset`` and ``stamp end + offset <=
    reported end`` in every run.

    Returns
    -------
    Alignment or None
        None when the two differ in number, or are empty.
    """
    if not stamps or len(stamps) != len(reported):
        return None
    low = [begin - first for (first, _), (begin, _) in zip(stamps, reported, strict=True)]
    high = [end - last for (_, last), (_, end) in zip(stamps, reported, strict=True)]
    bounds = sorted((max(low), min(high)))
    return Alignment((bounds[0] + bounds[1]) // 2, (bounds[1] - bounds[0] + 1) // 2, len(stamps))


class Calibration:
    """Runs the kernel on one device; the device must be idle."""

    runs = _RUNS

    def __init__(self, api: Api, functions: Functions, device: int) -> None:
        self._api = api
        self._device = device
        api.check(api.runtime.cudaSetDevice(device), "cudaSetDevice")
        self._memory = int(api.check(api.runtime.cudaMalloc(16), "allocating clock stamps"))
        self._function = functions.load_text(_SOURCE, SYMBOL, device).function
        self._params = Params([np.uint64(self._memory), np.uint64(_SPIN_NS)])
        config = api.driver.CUlaunchConfig()
        config.gridDimX = config.gridDimY = config.gridDimZ = 1
        config.blockDimX = config.blockDimY = config.blockDimZ = 1
        config.hStream = api.driver.CUstream(1)
        self._config = config
        self.stamps: list[Span] = []

    def run(self) -> None:
        """Run it a few times, one at a time, and keep what it read."""
        self._api.check(self._api.runtime.cudaSetDevice(self._device), "cudaSetDevice")
        for _ in range(self.runs):
            self.launch()
            self.read()

    def launch(self) -> None:
        """Launch it once, into the legacy default stream."""
        launch = self._api.driver.cuLaunchKernelEx
        result = launch(self._config, self._function, self._params.address, 0)
        self._api.check(result, "launching the clock kernel")

    def read(self) -> None:
        """Wait for the last launch, and keep what it read."""
        values = np.zeros(2, np.uint64)
        kind = self._api.runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        result = self._api.runtime.cudaMemcpy(values.ctypes.data, self._memory, 16, kind)
        self._api.check(result, "reading the clock kernel's stamps")
        self.stamps.append((int(values[0]), int(values[1])))

    def release(self) -> None:
        """Free its memory; errors are ignored, as the context may be lost."""
        self._api.runtime.cudaFree(self._memory)
