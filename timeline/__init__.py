"""timeline: see what the GPU's engines did, and prove that they overlapped.

The public names below are imported when first used, so that ``import timeline`` costs nothing in a
program that only wants to be recorded.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timeline.backends import Backend, RunOptions, open_backend
    from timeline.backends.cuda import CudaBackend
    from timeline.backends.sim import SimBackend
    from timeline.errors import TimelineError
    from timeline.findings import findings
    from timeline.program import Builder, Program
    from timeline.record import record
    from timeline.report import report
    from timeline.techniques import technique
    from timeline.trace import Trace

__version__ = "0.1.0"

__all__ = [
    "Backend",
    "Builder",
    "CudaBackend",
    "Program",
    "RunOptions",
    "SimBackend",
    "TimelineError",
    "Trace",
    "findings",
    "open_backend",
    "record",
    "report",
    "technique",
]

_HOMES = {
    "Backend": "timeline.backends",
    "Builder": "timeline.program",
    "CudaBackend": "timeline.backends.cuda",
    "Program": "timeline.program",
    "RunOptions": "timeline.backends",
    "SimBackend": "timeline.backends.sim",
    "TimelineError": "timeline.errors",
    "Trace": "timeline.trace",
    "findings": "timeline.findings",
    "open_backend": "timeline.backends",
    "record": "timeline.record",
    "report": "timeline.report",
    "technique": "timeline.techniques",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'timeline' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps ``timeline.findings``, ``timeline.record`` and ``timeline.report`` the functions.

    Importing the submodule of the same name would bind the submodule to it.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
