"""The simulator: CUDA's stream semantics on a described device, without a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.devices import devices, load_device

if TYPE_CHECKING:
    from timeline.backends.sim.backend import SimBackend

__all__ = ["DeviceModel", "SimBackend", "devices", "load_device"]


def __getattr__(name: str) -> Any:
    """Import the simulator when it is asked for: a replay needs the described devices alone."""
    if name == "SimBackend":
        from timeline.backends.sim import backend

        return backend.SimBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
