"""Where a recorded script's trace comes from, without host names and folders."""

from __future__ import annotations

import datetime
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import timeline
from timeline.backends.cuda.cupti.find import driver_version
from timeline.errors import CuptiError

__all__ = ["provenance"]

_PACKAGES = ("numpy", "pyarrow", "nvtx", "cupy", "torch", "jax", "numba", "tensorflow")
_KERNEL_MODULE = Path("/proc/driver/nvidia/version")


def provenance(argv: Sequence[str]) -> dict[str, Any]:
    """Versions of what ran, the date and the command.

    Parameters
    ----------
    argv : sequence of str
        The command; of absolute paths only the last part is kept.
    """
    return {
        "timeline": timeline.__version__,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join(Path(a).name if a.startswith(("/", "~")) else a for a in argv),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **_driver(),
        **_packages(),
    }


def _driver() -> dict[str, str]:
    found = {}
    try:
        version = driver_version()
        found["cuda_driver"] = f"{version // 1000}.{version % 1000 // 10}"
    except CuptiError:
        pass
    try:
        match = re.search(r"Module.*?\s(\d+\.[\d.]+)", _KERNEL_MODULE.read_text())
        if match:
            found["driver"] = match[1]
    except OSError:
        pass
    return found


def _packages() -> dict[str, str]:
    """Versions of packages that the program has imported; nothing is imported for this."""
    found = {}
    for name in _PACKAGES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found
