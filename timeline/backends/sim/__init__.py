"""The simulator: CUDA's stream semantics on a described device, without a GPU."""

from timeline.backends.sim.backend import SimBackend
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.devices import devices, load_device

__all__ = ["DeviceModel", "SimBackend", "devices", "load_device"]
