"""libcupti by ctypes: loaded once, every status checked, every failure one clear line."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from timeline.backends.cuda.cupti.find import candidates, driver_version
from timeline.backends.cuda.cupti.layouts import release
from timeline.errors import CuptiError, OtherProfilerError

__all__ = ["Library", "load"]

MAX_LIMIT_REACHED = 12
MULTIPLE_SUBSCRIBERS = 39
_PRIVILEGES = (35, 40)
_UNSUPPORTED = {
    33: "a virtual GPU without profiling",
    41: "a GPU in confidential-computing mode",
    42: "a mining GPU",
    43: "a MIG device",
    44: "an SLI configuration",
    45: "WSL",
}


class Library:
    """A loaded libcupti.

    Attributes
    ----------
    path : str
        The file, as ``NVTX_INJECTION64_PATH`` must name it.
    version : int
        ``cuptiGetVersion``.
    """

    def __init__(self, handle: ctypes.CDLL, path: str, version: int) -> None:
        self.handle = handle
        self.path = path
        self.version = version
        self._clock: Any = ctypes.PyDLL(path, handle=handle._handle).cuptiGetTimestamp
        self._now = ctypes.c_uint64(0)
        self._now_pointer = ctypes.byref(self._now)

    def has(self, function: str) -> bool:
        """Whether this version has ``function``."""
        return hasattr(self.handle, function)

    def status(self, function: str, *arguments: Any) -> int:
        """Call ``function`` and return its status; 0 is success."""
        return int(getattr(self.handle, function)(*arguments))

    def check(self, function: str, *arguments: Any) -> None:
        """Call ``function``.

        Raises
        ------
        CuptiError
            When it fails.
        """
        status = self.status(function, *arguments)
        if status:
            raise self.error(function, status)

    def error(self, function: str, status: int) -> CuptiError:
        """What a failed call means, and what to do."""
        name = self.status_name(status)
        if status == MULTIPLE_SUBSCRIBERS:
            return OtherProfilerError(f"a subscriber of CUPTI ({name})")
        if status in _PRIVILEGES:
            return CuptiError(
                f"the driver lets only administrators profile ({name}); see "
                "https://developer.nvidia.com/ERR_NVGPUCTRPERM, or run as root"
            )
        if status in _UNSUPPORTED:
            return CuptiError(f"CUPTI can't trace {_UNSUPPORTED[status]} ({name}); use another GPU")
        return CuptiError(
            f"{function} of CUPTI {release(self.version)} failed with {name}; check with "
            "nvidia-smi that the GPU works, and that the driver is at least as new as libcupti"
        )

    def status_name(self, status: int) -> str:
        """The name of a status, such as ``CUPTI_ERROR_NOT_INITIALIZED``."""
        text = ctypes.c_char_p()
        if self.status("cuptiGetResultString", status, ctypes.byref(text)) or not text.value:
            return f"CUptiResult {status}"
        return text.value.decode()

    def timestamp(self) -> int:
        """Now, in ns on CUPTI's clock.

        The interpreter stays locked meanwhile, which makes this safe from several threads.
        """
        status = self._clock(self._now_pointer)
        if status:
            raise self.error("cuptiGetTimestamp", status)
        return self._now.value

    def callback_name(self, domain: int, callback: int) -> str | None:
        """Name of the function that CUPTI counts as ``callback``, with its version suffix."""
        text = ctypes.c_char_p()
        if self.status("cuptiGetCallbackName", domain, callback, ctypes.byref(text)):
            return None
        return text.value.decode() if text.value else None


@cache
def load() -> Library:
    """Load libcupti, the same one for the life of the process.

    Raises
    ------
    CuptiError
        When there is no driver, or no libcupti that answers.
    """
    driver, refused = driver_version(), []
    for path in candidates(driver):
        try:
            handle = ctypes.CDLL(path)
        except OSError as error:
            refused.append(str(error))
            continue
        version = ctypes.c_uint32(0)
        status = handle.cuptiGetVersion(ctypes.byref(version))
        if not status and version.value:
            return Library(handle, path, version.value)
        refused.append(f"{path}: cuptiGetVersion failed with {status}")
    wheel = "nvidia-cuda-cupti" if driver >= 13000 else "nvidia-cuda-cupti-cu12"
    raise CuptiError(
        f"no libcupti can be loaded ({refused[0]}); run: pip install '{wheel}<={_limit(driver)}.*'"
    )


def _limit(driver: int) -> str:
    return f"{driver // 1000}.{driver % 1000 // 10}"
