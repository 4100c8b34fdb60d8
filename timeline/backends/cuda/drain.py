"""Waiting until the devices are idle, but not for ever."""

from __future__ import annotations

import time

from timeline.backends.cuda.api import NOT_READY
from timeline.backends.cuda.stage import Stage
from timeline.program import Stream

__all__ = ["drain", "synchronize"]

_POLL_S = 20e-6


def drain(stage: Stage, timeout_s: float) -> Stream | None:
    """Wait for every stream that all threads can name, then for the devices.

    Returns
    -------
    Stream or None
        A stream that is not done after ``timeout_s``; None when all are.
    """
    deadline = time.monotonic() + timeout_s
    for stream in stage.ids.shared():
        if not _done(stage, stream, deadline):
            return stream
    synchronize(stage)
    return None


def _done(stage: Stage, stream: Stream, deadline: float) -> bool:
    runtime, handle = stage.api.runtime, stage.handles.streams[stream.id].runtime
    stage.api.check(runtime.cudaSetDevice(stream.device), "cudaSetDevice")
    while status := runtime.cudaStreamQuery(handle)[0]:
        if int(status) != NOT_READY:
            raise stage.api.error(status, f"running {stage.program.name!r}")
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def synchronize(stage: Stage) -> None:
    """``cudaDeviceSynchronize`` on every device of the Program."""
    for device in stage.program.devices:
        stage.api.check(stage.api.runtime.cudaSetDevice(device), "cudaSetDevice")
        stage.api.check(
            stage.api.runtime.cudaDeviceSynchronize(), f"running {stage.program.name!r}"
        )
