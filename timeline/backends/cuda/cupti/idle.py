"""Waiting until the GPU has done what a program has issued, by the driver alone."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["wait_idle"]

_POLL_S = 0.05


def wait_idle() -> None:
    """Return when every device that the process uses is idle. Ctrl-C ends the wait.

    A thread waits, as a wait inside CUDA can't be interrupted.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return
    waiter = threading.Thread(target=_synchronize, args=(driver,), daemon=True)
    waiter.start()
    while waiter.is_alive():
        waiter.join(_POLL_S)


def _synchronize(driver: Any) -> None:
    for device in _active_devices(driver):
        context = ctypes.c_void_p()
        if driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device):
            continue
        if driver.cuCtxSetCurrent(context) == 0:
            driver.cuCtxSynchronize()
            driver.cuCtxSetCurrent(None)
        driver.cuDevicePrimaryCtxRelease_v2(device)


def _active_devices(driver: Any) -> Iterator[int]:
    """Devices whose primary context exists. Before cuInit every call fails, and there are none."""
    count = ctypes.c_int(0)
    if driver.cuDeviceGetCount(ctypes.byref(count)):
        return
    for ordinal in range(count.value):
        device, flags, active = ctypes.c_int(0), ctypes.c_uint(0), ctypes.c_int(0)
        if driver.cuDeviceGet(ctypes.byref(device), ordinal):
            continue
        status = driver.cuDevicePrimaryCtxGetState(
            device, ctypes.byref(flags), ctypes.byref(active)
        )
        if status == 0 and active.value:
            yield device.value
