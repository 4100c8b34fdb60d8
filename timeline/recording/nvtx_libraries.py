"""NVTX of CUPTI, PyTorch and CuPy.

C++ libraries bring their own copy of NVTX, which asks the environment for a tool when it is first
used. So the environment names libcupti, and what has not used NVTX yet arrives as CUPTI's markers.
What a process imported before the recording may have asked already: those packages' Python
functions are hooked instead, and then leave NVTX out.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from timeline.recording.nvtx_words import Current
from timeline.recording.range_log import DEFAULT_DOMAIN, Described

__all__ = ["hook_imported", "inject"]

VARIABLE = "NVTX_INJECTION64_PATH"
_HOOKED = "_timeline_hooked"


def inject(library_path: str) -> str | None:
    """Name libcupti as the process's NVTX tool.

    Returns
    -------
    str or None
        The other tool that the environment names already, and keeps.
    """
    named = os.environ.setdefault(VARIABLE, library_path)
    return None if named == library_path else named


def hook_imported() -> None:
    """Hook PyTorch's and CuPy's NVTX functions, if those are imported."""
    torch: Any = sys.modules.get("torch.cuda.nvtx")
    if torch is not None and hasattr(torch, "_nvtx") and not hasattr(torch, _HOOKED):
        setattr(torch, _HOOKED, True)
        torch._nvtx = _Torch(torch._nvtx)
    cupy: Any = sys.modules.get("cupy_backends.cuda.libs.nvtx")
    if cupy is not None and not hasattr(cupy, _HOOKED):
        setattr(cupy, _HOOKED, True)
        _hook_cupy(cupy)


class _Torch:
    """``torch._C._nvtx``, with its range functions hooked."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def rangePushA(self, message: str) -> Any:  # noqa: N802 - PyTorch's name
        log = Current.log
        if log is None or not log.push(Described(str(message))):
            return self._original.rangePushA(message)
        return log.depth(DEFAULT_DOMAIN) - 1

    def rangePop(self) -> Any:  # noqa: N802
        log = Current.log
        if log is None or not log.pop(DEFAULT_DOMAIN):
            return self._original.rangePop()
        return log.depth(DEFAULT_DOMAIN)

    def rangeStartA(self, message: str) -> Any:  # noqa: N802
        log = Current.log
        number = log.start(Described(str(message))) if log is not None else None
        return self._original.rangeStartA(message) if number is None else number

    def rangeEnd(self, number: int) -> None:  # noqa: N802
        log = Current.log
        if log is None or not log.end(number):
            self._original.rangeEnd(number)

    def markA(self, message: str) -> None:  # noqa: N802
        log = Current.log
        if log is None or not log.mark(Described(str(message))):
            self._original.markA(message)


def _hook_cupy(module: Any) -> None:
    push, push_color, pop = module.RangePush, module.RangePushC, module.RangePop
    mark, mark_color = module.Mark, module.MarkC

    def RangePush(message: str, id_color: int = -1) -> None:  # noqa: N802 - CuPy's names
        log = Current.log
        if log is None or not log.push(Described(str(message))):
            push(message, id_color)

    def RangePushC(message: str, color: int = 0) -> None:  # noqa: N802
        log = Current.log
        if log is None or not log.push(Described(str(message), color=_argb(color))):
            push_color(message, color)

    def RangePop() -> None:  # noqa: N802
        log = Current.log
        if log is None or not log.pop(DEFAULT_DOMAIN):
            pop()

    def Mark(message: str, id_color: int = -1) -> None:  # noqa: N802
        log = Current.log
        if log is None or not log.mark(Described(str(message))):
            mark(message, id_color)

    def MarkC(message: str, color: int = 0) -> None:  # noqa: N802
        log = Current.log
        if log is None or not log.mark(Described(str(message), color=_argb(color))):
            mark_color(message, color)

    for function in (RangePush, RangePushC, RangePop, Mark, MarkC):
        setattr(module, function.__name__, function)


def _argb(color: int) -> int | None:
    return (color & 0xFFFFFFFF) or None
