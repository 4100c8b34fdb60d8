"""The host's own part of a Program: work that spins, and functions that run in stream order."""

from __future__ import annotations

import ctypes
import time
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
    """One run of a host function, on the collector's clock."""

    name: str
    stream: int
    start: int
    end: int


class HostFunctions:
    """Callbacks for ``cudaLaunchHostFunc`` that note when they ran.

    They run on a thread of the driver and need the GIL, so a busy interpreter delays them.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._held: list[Any] = []
        self.spans: list[HostSpan] = []
        self.keep = False

    def callback(self, op: LaunchHostFunc, stream: int) -> int:
        """Address of a C function that does the body of ``op``; valid as long as this object.

        Parameters
        ----------
        stream : int
            Id of the stream in the trace.
        """
        work_ns = [piece.ns for piece in op.body if isinstance(piece, HostWork)]

        def run(_: int | None) -> None:
            start = self._clock()
            for ns in work_ns:
                spin(ns)
            if self.keep:
                self.spans.append(HostSpan(op.name, stream, start, self._clock()))

        function = HOST_FUNC(run)
        self._held.append(function)
        return ctypes.cast(function, ctypes.c_void_p).value or 0
