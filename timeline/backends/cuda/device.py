"""Which devices there are, and why there are none."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from timeline.backends.cuda.api import Api, load_api
from timeline.backends.cuda.nvrtc import architecture
from timeline.errors import NoGpuError, TimelineError
from timeline.trace import Device

__all__ = ["architecture_of", "capability", "describe", "device_count", "require", "unusable"]

_REMEDY = "run on a machine with one, or use the simulator: --backend sim"


def unusable() -> str | None:
    """Why no CUDA device can be used here; None when one can."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no NVIDIA driver (libcuda.so.1 was not found)"
    try:
        api = load_api()
        count = device_count(api)
    except TimelineError as error:
        return str(error)
    return None if count else "the NVIDIA driver sees no device"


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
        raise NoGpuError(f"the NVIDIA driver can't be loaded: {first}; {_REMEDY}") from None


def require(api: Api, devices: Sequence[int]) -> None:
    """Check that every device of a Program exists.

    Raises
    ------
    NoGpuError
        When there is no device, or there are too few.
    """
    count = device_count(api)
    if not count:
        raise NoGpuError(f"no NVIDIA GPU: the driver sees no device; {_REMEDY}")
    if max(devices) >= count:
        raise NoGpuError(
            f"the Program uses device {max(devices)}, but there {'is' if count == 1 else 'are'} "
            f"only {count}; run on a machine with {max(devices) + 1} GPUs, or use --backend sim"
        )


def attribute(api: Api, device: int, name: str) -> int:
    """``cuDeviceGetAttribute``; ``name`` without ``CU_DEVICE_ATTRIBUTE_``."""
    key = getattr(api.driver.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{name}")
    handle = handle_of(api, device)
    return int(api.check(api.driver.cuDeviceGetAttribute(key, handle), f"reading {name}"))


def handle_of(api: Api, device: int) -> Any:
    """``cuDeviceGet``."""
    return api.check(api.driver.cuDeviceGet(device), f"opening device {device}")


def capability(api: Api, device: int) -> tuple[int, int]:
    """Compute capability, as (major, minor)."""
    major = attribute(api, device, "COMPUTE_CAPABILITY_MAJOR")
    return major, attribute(api, device, "COMPUTE_CAPABILITY_MINOR")


def architecture_of(api: Api, device: int) -> str:
    """Target that NVRTC compiles for."""
    return architecture(capability(api, device))


def describe(api: Api, device: int) -> Device:
    """What a trace says of the device."""
    handle = handle_of(api, device)
    name = api.check(api.driver.cuDeviceGetName(128, handle), "cuDeviceGetName")
    major, minor = capability(api, device)
    return Device(
        id=device,
        name=name.split(b"\0")[0].decode(),
        compute_capability=f"{major}.{minor}",
        sm_count=attribute(api, device, "MULTIPROCESSOR_COUNT"),
        copy_engines=attribute(api, device, "ASYNC_ENGINE_COUNT"),
        memory_bytes=int(api.check(api.driver.cuDeviceTotalMem(handle), "cuDeviceTotalMem")),
    )
