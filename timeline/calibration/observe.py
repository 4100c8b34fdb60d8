"""All that one recording says."""

from __future__ import annotations

from timeline.backends.sim.device_model import DeviceModel
from timeline.calibration.copies import observe_copies
from timeline.calibration.frame import Frame
from timeline.calibration.gaps import observe_gaps
from timeline.calibration.host import observe_allocations, observe_host
from timeline.calibration.host_functions import observe_host_functions
from timeline.calibration.kernels import observe_kernels
from timeline.calibration.observations import Observations
from timeline.trace import Trace

__all__ = ["observe"]


def observe(trace: Trace, model: DeviceModel) -> Observations:
    """Observations of every quantity that a trace tells of.

    Parameters
    ----------
    model : DeviceModel
        Which resource bounds a kernel is told by this device.
    """
    found, frame = Observations(), Frame.of(trace)
    observe_copies(frame, found)
    observe_gaps(frame, found)
    observe_host_functions(trace, found)
    if len(frame.calls.start):
        observe_host(frame, found)
        observe_allocations(trace, frame, found)
    observe_kernels(trace, frame, model, found)
    return found
