"""Driver, GPUs and CUPTI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from timeline.backends.cuda.cupti.find import driver_version
from timeline.doctor.check import Check, State
from timeline.errors import CuptiError, TimelineError

if TYPE_CHECKING:
    from timeline.trace import Device

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
    from timeline.backends.cuda.device import describe
    from timeline.backends.cuda.presence import device_count

    api = load_api()
    found = [_described(describe(api, index)) for index in range(device_count(api))]
    return Check("GPU", State.OK, "; ".join(found))


def _described(device: Device) -> str:
    capability = (device.compute_capability or "").replace(".", "")
    memory = (device.memory_bytes or 0) / _GIB
    return f"{device.id}: {device.name}, sm_{capability}, {device.sm_count} SMs, {memory:.0f} GiB"


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
