"""Where a recording comes from: versions, the device's state, the command."""

from __future__ import annotations

import csv
import datetime
import importlib.metadata
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import timeline
from timeline.backends.cuda.api import Api
from timeline.backends.cuda.device import handle_of
from timeline.backends.cuda.nvrtc import nvrtc_version

__all__ = ["device_state", "provenance"]

_STATE = {
    "clocks.sm": "sm_clock_mhz",
    "clocks.mem": "memory_clock_mhz",
    "temperature.gpu": "temperature_c",
    "power.draw": "power_w",
    "driver_version": "driver",
    "pcie.link.gen.current": "pcie_generation",
    "pcie.link.width.current": "pcie_width",
}
_TIMEOUT_S = 10.0


def provenance(api: Api) -> dict[str, Any]:
    """Versions of what ran, the date and the command; without host names and folders."""
    return {
        "timeline": timeline.__version__,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command_line(sys.argv),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cuda_driver": version(api.check(api.driver.cuDriverGetVersion(), "cuDriverGetVersion")),
        "cuda_runtime": version(
            api.check(api.runtime.cudaRuntimeGetVersion(), "cudaRuntimeGetVersion")
        ),
        "nvrtc": nvrtc_version(),
        **packages(("numpy", "cuda-bindings", "cupy-cuda13x", "cupy-cuda12x")),
    }


def command_line(arguments: Sequence[str]) -> str:
    """The command, with the folder of the program and of every path left out."""
    shown = [Path(a).name if a.startswith(("/", "~")) else a for a in arguments if a]
    return " ".join(shown)


def version(number: int) -> str:
    """CUDA's version number, 13020, as 13.2."""
    return f"{number // 1000}.{number % 1000 // 10}"


def packages(names: Sequence[str]) -> dict[str, str]:
    """Versions of those distributions that are installed."""
    found = {}
    for name in names:
        try:
            found[name.split("-cuda1")[0]] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def device_state(api: Api, device: int) -> dict[str, Any]:
    """Clocks, temperature and power of a device, as ``nvidia-smi`` reads them.

    Returns
    -------
    dict
        Empty when nvidia-smi is not there or does not answer.
    """
    result = api.driver.cuDeviceGetPCIBusId(32, handle_of(api, device))
    place = api.check(result, "cuDeviceGetPCIBusId").split(b"\0")[0].decode()
    query = f"--query-gpu={','.join(_STATE)}"
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits", f"--id={place}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return parse_state(done.stdout)


def parse_state(text: str) -> dict[str, Any]:
    """Read one line of nvidia-smi's CSV; what is not supported is left out."""
    rows = list(csv.reader(text.strip().splitlines(), skipinitialspace=True))
    if not rows or len(rows[0]) != len(_STATE):
        return {}
    return {
        name: _number(value)
        for name, value in zip(_STATE.values(), rows[0], strict=True)
        if value and not value.startswith("[")
    }


def _number(value: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def states(before: Mapping[int, Any], after: Mapping[int, Any]) -> dict[str, Any]:
    """Device states before and after the repeats, by device."""
    return {str(d): {"before": before[d], "after": after.get(d, {})} for d in before}
