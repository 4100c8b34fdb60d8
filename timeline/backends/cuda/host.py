"""The host's own part of a Program: work that spins, and functions that run in stream order."""

from __future__ import annotations

import ctypes
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from timeline.program import HostWork, LaunchHostFunc

__all__ = ["HOST_FUNC", "HostFunctions", "HostSpan", "spin"]

HOST_FUNC = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
"""Type of a ``cudaHostFn_t``."""


def spin(ns: int) -> None:
    """Keep the calling thread busy for ``ns`` nanoseconds.

    It gives up the GIL at every turn, as a thread of a compiled program would not hold the others.
    """
    end = time.perf_counter_ns() + ns
    while time.perf_counter_ns() < end:
        time.sleep(0)


@dataclass(frozen=True, slots=True)
class HostSpan:
    """One run of a host function, on the collector's clock.

    Attributes
    ----------
    stream : int
        Id of its stream in the trace.
    number : int
        Of its ``cudaLaunchHostFunc`` among all of the run, from 0; -1 for a node of a graph.
    """

    name: str
    device: int
    stream: int
    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class Callback:
    """Address of a C function, and what to call when it is put into a stream outside a graph."""

    address: int
    note: Callable[[], None]


class HostFunctions:
    """Callbacks for ``cudaLaunchHostFunc`` that note when they ran.

    They run on a thread of the driver and need the GIL, so a busy interpreter delays them.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._held: list[Any] = []
        self._issued = 0
        self.spans: list[HostSpan] = []
        self.keep = False

    def callback(self, op: LaunchHostFunc, stream: int) -> Callback:
        """A C function that does the body of ``op``; valid as long as this object."""
        work_ns = [piece.ns for piece in op.body if isinstance(piece, HostWork)]
        numbers: deque[int] = deque()

        def run(_: int | None) -> None:
            start = self._clock()
            for ns in work_ns:
                spin(ns)
            number = numbers.popleft() if numbers else -1
            if self.keep:
                end = self._clock()
                self.spans.append(HostSpan(op.name, op.stream.device, stream, start, end, number))

        def note() -> None:
            numbers.append(self._issued)
            self._issued += 1

        function = HOST_FUNC(run)
        self._held.append(function)
        return Callback(ctypes.cast(function, ctypes.c_void_p).value or 0, note)
