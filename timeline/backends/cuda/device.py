"""The devices of a Program, and what a trace says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timeline.backends.cuda.api import Api
from timeline.backends.cuda.nvrtc import architecture
from timeline.backends.cuda.presence import REMEDY, device_count
from timeline.errors import NoGpuError
from timeline.program import Suitor
from timeline.trace import Device

__all__ = [
    "architecture_of",
    "attribute",
    "capability",
    "describe",
    "handle_of",
    "require",
    "suitor",
]


def require(api: Api, devices: Sequence[int]) -> None:
    """Check that every device of a Program exists.

    Raises
    ------
    NoGpuError
        When there is no device, or there are too few.
    """
    count = device_count(api)
    if not count:
        raise NoGpuError(f"no NVIDIA GPU: the driver sees no device; {REMEDY}")
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


def name_of(api: Api, device: int) -> str:
    """``cuDeviceGetName``."""
    result = api.driver.cuDeviceGetName(128, handle_of(api, device))
    name: bytes = api.check(result, "cuDeviceGetName")
    return name.split(b"\0")[0].decode()


def suitor(api: Api, device: int) -> Suitor:
    """The device as far as features go."""
    return Suitor(name_of(api, device), capability(api, device))


def architecture_of(api: Api, device: int) -> str:
    """Target that NVRTC compiles for."""
    return architecture(capability(api, device))


def describe(api: Api, device: int) -> Device:
    """What a trace says of the device."""
    handle = handle_of(api, device)
    major, minor = capability(api, device)
    return Device(
        id=device,
        name=name_of(api, device),
        compute_capability=f"{major}.{minor}",
        sm_count=attribute(api, device, "MULTIPROCESSOR_COUNT"),
        copy_engines=attribute(api, device, "ASYNC_ENGINE_COUNT"),
        memory_bytes=int(api.check(api.driver.cuDeviceTotalMem(handle), "cuDeviceTotalMem")),
    )
