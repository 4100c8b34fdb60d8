"""Where libcupti is: the one that the process has, else that of a wheel, else the toolkit's."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from timeline.errors import CuptiError

__all__ = ["candidates", "driver_version", "mapped"]

ENVIRONMENT = "TIMELINE_CUPTI"
"""Environment variable that names a libcupti to use before all others."""

_LIBRARY = re.compile(r"/libcupti\.so(\.[0-9.]+)?$")
_WHEELS = {13: "nvidia/cu13/lib/libcupti.so.13", 12: "nvidia/cuda_cupti/lib/libcupti.so.12"}
_TOOLKITS = ("CUDA_HOME", "CUDA_PATH")


def driver_version() -> int:
    """The CUDA version of the driver, 13000 for 13.0, without initialising CUDA.

    Without a driver libcupti answers every call with an error, and some versions crash; so this is
    asked first.

    Raises
    ------
    CuptiError
        When there is no driver.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise CuptiError(
            "no NVIDIA driver here (libcuda.so.1 can't be loaded): CUPTI needs a GPU and its driver"
        ) from None
    version = ctypes.c_int(0)
    status = driver.cuDriverGetVersion(ctypes.byref(version))
    if status or not version.value:
        raise CuptiError(
            f"the NVIDIA driver does not answer (cuDriverGetVersion: {status}); see: nvidia-smi"
        )
    return version.value


def mapped(maps: Path = Path("/proc/self/maps")) -> str | None:
    """Path of a libcupti that this process has loaded."""
    try:
        lines = maps.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and _LIBRARY.search(fields[5]):
            return fields[5]
    return None


def candidates(driver: int) -> Iterator[str]:
    """Libraries to try, best first: paths, then names for the loader's own search.

    Parameters
    ----------
    driver : int
        :func:`driver_version`; a CUPTI of the driver's major version comes before others.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        yield named
        return
    loaded = mapped()
    if loaded is not None:
        yield loaded
    majors = sorted(_WHEELS, key=lambda major: major != driver // 1000)
    for major in majors:
        for folder in sys.path:
            path = Path(folder or ".", _WHEELS[major])
            if path.exists():
                yield str(path.resolve())
    yield from _toolkit(majors)
    yield from (f"libcupti.so.{major}" for major in majors)


def _toolkit(majors: list[int]) -> Iterator[str]:
    roots = [os.environ[name] for name in _TOOLKITS if os.environ.get(name)]
    for root in (*roots, "/usr/local/cuda"):
        for folder in ("extras/CUPTI/lib64", "lib64"):
            for major in majors:
                path = Path(root, folder, f"libcupti.so.{major}")
                if path.exists():
                    yield str(path.resolve())
