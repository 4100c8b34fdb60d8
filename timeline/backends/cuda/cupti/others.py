"""Other profilers of this process. CUPTI serves one at a time, and the first stays undisturbed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["attached", "torch_profiling"]

_TOOLS = {
    "NSYS_PROFILING_SESSION_ID": "Nsight Systems",
    "NV_NSIGHT_INJECTION_PORT_BASE": "Nsight Compute",
    "NV_NSIGHT_INJECTION_TRANSPORT_TYPE": "Nsight Compute",
    "NV_COMPUTE_PROFILER_PERFWORKS_DIR": "Nsight Compute",
    "NVPROF_ID": "nvprof",
}
"""Variables that tools set for what they start, as seen in nsys and ncu of 2022 to 2025."""

_INJECTION = "CUDA_INJECTION64_PATH"


def attached(environment: Mapping[str, str] | None = None) -> str | None:
    """Name of a profiler that attaches, or is attached, to this process; None without one.

    A library that the CUDA driver is to load takes CUPTI only when CUDA starts, which is after a
    recording begins, so the environment is asked.
    """
    variables = os.environ if environment is None else environment
    for name, tool in _TOOLS.items():
        if variables.get(name):
            return f"{tool} ({name})"
    if variables.get(_INJECTION):
        return f"{Path(variables[_INJECTION]).name} ({_INJECTION})"
    return "torch.profiler" if torch_profiling() else None


def torch_profiling() -> bool:
    """Whether torch.profiler runs now."""
    profiler = sys.modules.get("torch.autograd.profiler")
    return bool(getattr(profiler, "_is_profiler_enabled", False))
