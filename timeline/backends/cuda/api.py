"""The two CUDA APIs as cuda-bindings offers them, and what their status codes mean."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

from timeline.errors import (
    DeviceMemoryError,
    MissingExtraError,
    NoGpuError,
    ProgramError,
    TimelineError,
)

__all__ = ["Api", "load_api"]

NOT_READY = 600
"""``cudaErrorNotReady``, ``CUDA_ERROR_NOT_READY``: no error, the work is still under way."""

_OUT_OF_MEMORY = 2
_NO_DEVICE = (3, 35, 46, 100, 101, 802, 803, 804)
_CONTEXT_LOST = (700, 702, 710, 714, 715, 716, 717, 718, 719)


@dataclass(frozen=True)
class Api:
    """``cuda.bindings.driver`` and ``cuda.bindings.runtime``, or anything with their functions.

    Calls go to the modules directly; both return a tuple whose first item is the status. The GIL
    is released inside every call (cuda-bindings 12.9.1 and later), without which a host thread
    that waits would keep the gate's watchdog and host functions from running.
    """

    driver: Any
    runtime: Any

    def check(self, result: tuple[Any, ...], doing: str) -> Any:
        """Return what a call returned behind its status.

        Raises
        ------
        TimelineError
            When the status is not success; ``doing`` says what was being done.
        """
        status, *values = result
        if status:
            raise self.error(status, doing)
        return values[0] if len(values) == 1 else tuple(values)

    def error(self, status: Any, doing: str) -> TimelineError:
        """Build the error for a status: no memory, no device, or a Program that CUDA refused."""
        code, name = int(status), getattr(status, "name", str(status))
        if code == _OUT_OF_MEMORY:
            return DeviceMemoryError(
                f"{doing}: out of memory ({name}); use smaller buffers, or end other processes on "
                "the device"
            )
        if code in _NO_DEVICE:
            return NoGpuError(f"{doing}: {name}; check the driver with: nvidia-smi")
        if code in _CONTEXT_LOST:
            return ProgramError(
                f"{doing}: {name}, and the CUDA context is lost; find the cause with "
                "compute-sanitizer, and go on in a new process"
            )
        return ProgramError(f"{doing}: CUDA answered {name}")

    def capture_host_func(self, stream: int, function: int) -> tuple[int]:
        """``cuLaunchHostFunc`` into a stream that is being captured.

        cuda-bindings wraps a host function in memory that it frees after the first call, and a
        graph calls it at every replay; so this goes to the driver itself.
        """
        return (_driver_library().cuLaunchHostFunc(stream, function, None),)


@cache
def _driver_library() -> ctypes.CDLL:
    library = ctypes.CDLL("libcuda.so.1")
    library.cuLaunchHostFunc.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.cuLaunchHostFunc.restype = ctypes.c_int
    return library


def load_api() -> Api:
    """Import cuda-bindings.

    Raises
    ------
    MissingExtraError
        When it is not installed.
    """
    try:
        from cuda.bindings import driver, runtime
    except ImportError:
        raise MissingExtraError("cuda.bindings", "cuda13") from None
    return Api(driver, runtime)
