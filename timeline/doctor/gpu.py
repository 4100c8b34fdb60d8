"""Driver, GPUs and CUPTI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from timeline.backends.cuda.cupti.find import driver_version
from timeline.doctor.check import Check, State
from timeline.errors import CuptiError, TimelineError

__all__ = ["gpu"]

_GIB = 1 << 30


def gpu() -> Iterator[Check]:
    """The driver; with one, the GPUs that a Program can run on, and CUPTI."""
    try:
        driver = driver_version()
    except CuptiError as error:
        yield Check(
            "driver",
            State.MISSING,
            str(error).partition(":")[0],
            "use a machine with an NVIDIA GPU and its driver; without one the simulator runs "
            "every technique",
        )
        return
    yield Check("driver", State.OK, f"CUDA {driver // 1000}.{driver % 1000 // 10}")
    yield _devices()
    yield _cupti()


def _devices() -> Check:
    from timeline.backends import why_not_cuda

    if reason := why_not_cuda():
        return Check("GPU", State.WRONG, *_told(reason))
    from timeline.backends.cuda.api import load_api

    api = load_api()
    count = int(api.check(api.driver.cuDeviceGetCount(), "cuDeviceGetCount"))
    return Check("GPU", State.OK, "; ".join(_described(api, i) for i in range(count)))


def _described(api: Any, index: int) -> str:
    kinds = api.driver.CUdevice_attribute
    device = api.check(api.driver.cuDeviceGet(index), "cuDeviceGet")
    name = api.check(api.driver.cuDeviceGetName(128, device), "cuDeviceGetName")
    memory = api.check(api.driver.cuDeviceTotalMem(device), "cuDeviceTotalMem")

    def attribute(kind: str) -> int:
        found = api.driver.cuDeviceGetAttribute(
            getattr(kinds, f"CU_DEVICE_ATTRIBUTE_{kind}"), device
        )
        return int(api.check(found, "cuDeviceGetAttribute"))

    capability = ".".join(
        str(attribute(f"COMPUTE_CAPABILITY_{part}")) for part in ("MAJOR", "MINOR")
    )
    text = name.split(b"\0")[0].decode(errors="replace")
    sms = attribute("MULTIPROCESSOR_COUNT")
    return f"{index}: {text}, sm_{capability.replace('.', '')}, {sms} SMs, {memory / _GIB:.0f} GiB"


def _cupti() -> Check:
    from timeline.backends.cuda.cupti.layouts import layout_for, release
    from timeline.backends.cuda.cupti.library import load

    try:
        library = load()
        layout = layout_for(library.version)
    except CuptiError as error:
        return Check("CUPTI", State.WRONG, *_told(error))
    found = f"{release(library.version)}, {library.path}"
    if layout.exact:
        return Check("CUPTI", State.OK, found)
    return Check(
        "CUPTI",
        State.OK,
        f"{found}; newer than the layouts of this timeline: those of {release(layout.version)} "
        "are used, and proven against it",
    )


def _told(error: TimelineError | str) -> tuple[str, str]:
    """What a message says is wrong, and what it says to do."""
    found, _, remedy = str(error).partition("; ")
    return found, remedy
