"""Who else profiles this process: CUPTI serves one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from timeline.doctor.check import Check, State

__all__ = ["profilers"]

_INJECTED = ("CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH")
_TOOLS = {
    "NSYS_PROFILING_SESSION_ID": "Nsight Systems",
    "NV_NSIGHT_INJECTION_PORT_BASE": "Nsight Compute",
    "NV_TPS_LAUNCH_TOKEN": "Nsight Compute",
    "NV_SANITIZER_INJECTION_PORT_BASE": "compute-sanitizer",
    "KINETO_USE_DAEMON": "Kineto's daemon (dynolog)",
}


def profilers(environment: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Another tool that the environment puts into processes."""
    tools = sorted({tool for name, tool in _TOOLS.items() if name in environment})
    tools += [
        f"{Path(environment[name]).name} ({name})" for name in _INJECTED if environment.get(name)
    ]
    if tools:
        yield Check(
            "other profilers",
            State.WRONG,
            f"{', '.join(tools)} may hold CUPTI in processes started from here",
            "record outside of it; or convert its report: timeline import REPORT",
        )
    else:
        yield Check("other profilers", State.OK, "none is put into processes started from here")
