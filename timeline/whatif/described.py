"""The described device that stands for a recorded one."""

from __future__ import annotations

import re

from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.devices import devices, load_device
from timeline.trace import Trace

__all__ = ["described_device"]

_BY_CAPABILITY = {"8": "a100", "9": "h200"}
_DEFAULT = "h200"


def described_device(trace: Trace, device: int) -> DeviceModel:
    """By its name; else one of its generation; else an H200."""
    known = devices()
    for found in trace.meta.devices:
        if found.id != device:
            continue
        words = re.findall(r"[a-z0-9]+", found.name.lower())
        named = next((word for word in words if word in known), None)
        if named:
            return load_device(named)
        major = (found.compute_capability or "").partition(".")[0]
        return load_device(_BY_CAPABILITY.get(major, _DEFAULT))
    return load_device(_DEFAULT)
