"""Whether a CUDA device can be used here, and why not. Imports next to nothing."""

from __future__ import annotations

import ctypes

from timeline.backends.cuda.api import Api, load_api
from timeline.errors import NoGpuError, TimelineError

__all__ = ["REMEDY", "device_count", "unusable"]

REMEDY = "run on a machine with one, or use the simulator: --backend sim"


def unusable(devices: int = 1) -> str | None:
    """Why no CUDA device, or not as many as wanted, can be used here; None when they can."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no NVIDIA driver (libcuda.so.1 was not found)"
    try:
        api = load_api()
        count = device_count(api)
    except TimelineError as error:
        return str(error)
    if not count:
        return "the NVIDIA driver sees no device"
    return None if count >= devices else f"{devices} GPUs are needed, the driver sees {count}"


def device_count(api: Api) -> int:
    """Devices that the driver shows to this process.

    Raises
    ------
    NoGpuError
        When the driver can't be loaded or initialised.
    """
    try:
        api.check(api.driver.cuInit(0), "cuInit")
        return int(api.check(api.driver.cuDeviceGetCount(), "cuDeviceGetCount"))
    except (RuntimeError, OSError) as error:  # cuda-bindings: the library or a symbol is missing
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NoGpuError(f"the NVIDIA driver can't be loaded: {first}; {REMEDY}") from None
