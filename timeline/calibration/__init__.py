"""Fits a device file of the simulator from recordings."""

from timeline.calibration.calibrate import Calibration, Fitted, Residual, calibrate
from timeline.calibration.device_file import device_file
from timeline.calibration.recordings import (
    HELD_OUT_RULE,
    Recording,
    read_recordings,
    split,
)

__all__ = [
    "HELD_OUT_RULE",
    "Calibration",
    "Fitted",
    "Recording",
    "Residual",
    "calibrate",
    "device_file",
    "read_recordings",
    "split",
]
