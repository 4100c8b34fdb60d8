"""The context that the calling thread uses, by the driver alone."""

from __future__ import annotations

import ctypes

__all__ = ["current_context"]


def current_context() -> ctypes.c_void_p | None:
    """The calling thread's current ``CUcontext``; None without a driver or a context."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    context = ctypes.c_void_p()
    status = driver.cuCtxGetCurrent(ctypes.byref(context))
    return context if status == 0 and context.value else None
