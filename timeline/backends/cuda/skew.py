"""How far the clocks of two devices are apart: measured in each run, never assumed.

A kernel on either device passes a number back and forth through pinned memory and reads
``%globaltimer``. Whatever the second one read on seeing a number lies between the first one's
readings before it sent it and after it saw the answer, which bounds the offset from both sides.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.alignment import Alignment, align
from timeline.backends.cuda.api import Api
from timeline.backends.cuda.launch import Functions
from timeline.backends.cuda.params import Params

__all__ = ["SYMBOL", "Skew", "Skews", "apart"]

SYMBOL = "timeline_skew"

_ROUNDS = 64
_LIMIT_NS = 20_000_000
_MAPPED = 0x01 | 0x02  # cudaHostAllocPortable | cudaHostAllocMapped
_LINE = 256
"""Bytes between what the two write, so that they share no line of memory."""

_SOURCE = b"""
typedef unsigned long long u64;
__device__ __forceinline__ u64 now() {
    u64 t;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t) :: "memory");
    return t;
}
extern "C" __global__ void timeline_skew(volatile u64* mine, volatile u64* theirs, u64* stamps,
                                         u64 rounds, u64 limit, u64 first) {
    const u64 begin = now();
    for (u64 round = 1; round <= rounds; ++round) {
        const u64 sent = now();
        if (first) {
            *theirs = round;
            __threadfence_system();
        }
        u64 seen = now();
        while (*mine != round) {
            seen = now();
            if (seen - begin > limit) {
                return;
            }
        }
        const u64 got = now();
        if (!first) {
            *theirs = round;
            __threadfence_system();
        }
        stamps[2 * round - 2] = sent;
        stamps[2 * round - 1] = got;
    }
}
"""

Uint64 = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Skew:
    """The clock of a device against that of another.

    Attributes
    ----------
    skew_ns : int
        What the device's times on the collector's clock are ahead.
    uncertainty_ns : int
        Half the width of what the passing back and forth leaves, and what is left of aligning
        either device with the collector.
    """

    skew_ns: int
    uncertainty_ns: int


class Skews:
    """Compares every device of a Program with the first one; the devices must be idle."""

    def __init__(self, api: Api, functions: Functions, devices: tuple[int, ...]) -> None:
        self._api = api
        self._functions = functions
        self._devices = devices
        self._memory = 0
        self._room = 2 * _LINE + 2 * 16 * _ROUNDS

    def run(self) -> dict[int, Alignment]:
        """What to add to ``%globaltimer`` of each further device to get the first one's."""
        if len(self._devices) < 2:
            return {}
        result = self._api.runtime.cudaHostAlloc(self._room, _MAPPED)
        self._memory = int(self._api.check(result, "allocating clock stamps"))
        try:
            found = {device: self._against_first(device) for device in self._devices[1:]}
        finally:
            self._api.runtime.cudaFreeHost(self._memory)
        return {device: one for device, one in found.items() if one is not None}

    def _against_first(self, device: int) -> Alignment | None:
        ctypes.memset(self._memory, 0, self._room)
        pair = (self._devices[0], device)
        # Compiling takes longer than the kernels wait for each other, so it comes first.
        loaded = [self._functions.load_text(_SOURCE, SYMBOL, place) for place in pair]
        held = [self._launch(place, i, loaded[i].function) for i, place in enumerate(pair)]
        for place in pair:
            self._set(place)
            result = self._api.runtime.cudaDeviceSynchronize()
            self._api.check(result, "comparing the devices' clocks")
        del held
        return offset(*(self._stamps(index) for index in range(2)))

    def _launch(self, device: int, index: int, function: Any) -> Params:
        """Start one of the two kernels; what is returned must live until it has started."""
        self._set(device)
        api = self._api
        mine, theirs = (self._memory + _LINE * i for i in (index, 1 - index))
        values = (mine, theirs, self._at(index), _ROUNDS, _LIMIT_NS, int(index == 0))
        params = Params([np.uint64(value) for value in values])
        config = api.driver.CUlaunchConfig()
        config.gridDimX = config.gridDimY = config.gridDimZ = 1
        config.blockDimX = config.blockDimY = config.blockDimZ = 1
        config.hStream = api.driver.CUstream(1)
        result = api.driver.cuLaunchKernelEx(config, function, params.address, 0)
        api.check(result, "launching the clock kernel")
        return params

    def _set(self, device: int) -> None:
        self._api.check(self._api.runtime.cudaSetDevice(device), "cudaSetDevice")

    def _at(self, index: int) -> int:
        return self._memory + 2 * _LINE + 16 * _ROUNDS * index

    def _stamps(self, index: int) -> Uint64:
        words: Any = (ctypes.c_uint64 * (2 * _ROUNDS)).from_address(self._at(index))
        return np.array(words, np.uint64).reshape(-1, 2)


def offset(first: Uint64, second: Uint64) -> Alignment | None:
    """What to add to the second device's readings to get the first one's.

    Parameters
    ----------
    first, second : (rounds, 2) uint64
        Before a number was sent, and after it was seen; zeros for rounds that did not happen.
    """
    done = (first[:, 1] > 0) & (second[:, 1] > 0)
    asked = [(int(sent), int(got)) for sent, got in first[done]]
    seen = [(int(got), int(got)) for _, got in second[done]]
    return align(seen, asked)


def apart(
    clocks: dict[int, Alignment], offsets: dict[int, Alignment], first: int
) -> dict[int, Skew]:
    """The skew of each device's times on the collector's clock against the first device's.

    Parameters
    ----------
    clocks : dict of int to Alignment
        What to add to each device's ``%globaltimer`` to get the collector's clock.
    offsets : dict of int to Alignment
        Of :meth:`Skews.run`.
    """
    found = {}
    for device, between in offsets.items():
        if device in clocks and first in clocks:
            mine, other = clocks[device], clocks[first]
            skew = mine.offset_ns - other.offset_ns - between.offset_ns
            known = between.residual_ns + mine.residual_ns + other.residual_ns
            found[device] = Skew(skew, known)
    return found
