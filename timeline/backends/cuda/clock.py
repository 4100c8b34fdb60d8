"""``%globaltimer`` on the collector's clock: measured in each run, never assumed.

A kernel runs alone a few times. The collector reports when it started and ended, the kernel what it
read from ``%globaltimer`` inside; the reported start can't be later, nor the reported end earlier,
than the kernel's own readings, which bounds the offset from both sides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.backends.cuda.alignment import Alignment, Span, align
from timeline.backends.cuda.api import Api
from timeline.backends.cuda.events import EventsCollector
from timeline.backends.cuda.launch import Functions
from timeline.backends.cuda.params import Params
from timeline.backends.cuda.skew import Skews
from timeline.backends.cuda.stage import Stage
from timeline.trace.model import column_values, dictionary

__all__ = ["Clocks", "kernels_named"]

SYMBOL = "timeline_clock"

_SPIN_NS = 20_000
_RUNS = 5
_LEGACY = 1

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


class _Calibration:
    """The kernel on one device, which must be idle."""

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
        self.reported: list[Span] = []

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


class Clocks:
    """Aligns the clocks of the devices, where launches write stamps or there are several devices.

    Attributes
    ----------
    between : dict of int to Alignment
        What to add to ``%globaltimer`` of each further device to get the first one's.
    """

    def __init__(self, stage: Stage, events: EventsCollector | None) -> None:
        self._stage = stage
        self._events = events
        self._calibrations: dict[int, _Calibration] = {}
        self.between: dict[int, Alignment] = {}

    def build(self) -> None:
        """Load the kernel, where it is needed."""
        devices = self._stage.program.devices
        if self._stage.stamps.any or len(devices) > 1:
            for device in devices:
                made = _Calibration(self._stage.api, self._stage.functions, device)
                self._calibrations[device] = made

    def run(self) -> None:
        """Run it a few times on each device, one at a time; the devices must be idle."""
        api = self._stage.api
        legacy = self._stage.handles.wrap(_LEGACY).runtime
        for device, calibration in self._calibrations.items():
            api.check(api.runtime.cudaSetDevice(device), "cudaSetDevice")
            for _ in range(_RUNS):
                if self._events is None:
                    calibration.launch()
                else:
                    span = self._events.measure(calibration.launch, legacy, device)
                    calibration.reported.append(span)
                calibration.read()
        self.between = Skews(api, self._stage.functions, self._stage.program.devices).run()

    def alignments(self, activities: pa.Table) -> dict[int, Alignment]:
        """Each device's clock against the collector's; devices that could not be aligned lack.

        Parameters
        ----------
        activities : pyarrow.Table
            All that was collected, the kernel's own runs included.
        """
        found = {}
        for device, calibration in self._calibrations.items():
            reported = calibration.reported or _reported(activities, device)
            aligned = align(calibration.stamps, reported)
            if aligned is not None:
                found[device] = aligned
        return found

    def release(self) -> None:
        """Free what the kernel writes to; errors are ignored, as the context may be lost."""
        for calibration in self._calibrations.values():
            calibration.release()
        self._calibrations.clear()


def kernels_named(activities: pa.Table, symbol: str) -> npt.NDArray[np.bool_]:
    """Which activities have this name."""
    names = dictionary(activities, "name")
    wanted = [code for code, name in enumerate(names) if name == symbol]
    found: npt.NDArray[np.bool_] = np.isin(column_values(activities, "name"), wanted)
    return found


def _reported(activities: pa.Table, device: int) -> list[Span]:
    """What the collector reported of the kernel's runs on a device, in order."""
    rows = kernels_named(activities, SYMBOL) & (column_values(activities, "device") == device)
    start = column_values(activities, "start")[rows]
    end = column_values(activities, "end")[rows]
    return [(int(start[i]), int(end[i])) for i in np.argsort(start, kind="stable")]
