"""Recordings across a fork.

The child has the recorder's memory but not its thread, and a CUPTI that was copied in mid-flight.
So CUPTI is left alone there and gets no more memory, and the child records its own NVTX ranges, in
a trace beside its parent's.
"""

from __future__ import annotations

import atexit
import os
import sys
from functools import partial
from typing import Any, Protocol

__all__ = ["at_end", "follow", "unfollow"]


class Forking(Protocol):
    """A recording that may be forked."""

    def before_fork(self) -> None:
        """Come to a point at which nothing is half done."""
        ...

    def after_fork(self) -> None:
        """Go on, in the parent."""
        ...

    def after_fork_in_child(self) -> None:
        """Begin what takes the recording's place in the child."""
        ...


class Stopping(Protocol):
    """A recording that can be stopped, more than once."""

    def settle(self) -> None:
        """Wait until what was issued is done."""
        ...

    def stop(self) -> None:
        """End, and write the trace."""
        ...


class _Followed:
    """The recording that runs in this process."""

    recording: Forking | None = None
    forking: Forking | None = None
    registered = False


def follow(recording: Forking) -> None:
    """Tell ``recording`` of every fork until :func:`unfollow`."""
    _Followed.recording = recording
    if not _Followed.registered:
        _Followed.registered = True
        os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)


def unfollow(recording: Forking) -> None:
    """The recording has ended."""
    if _Followed.recording is recording:
        _Followed.recording = None


def _before() -> None:
    recording = _Followed.recording  # which may end, or another begin, before the fork is done
    if recording is not None:
        recording.before_fork()
    _Followed.forking = recording


def _after() -> None:
    recording, _Followed.forking = _Followed.forking, None
    if recording is not None:
        recording.after_fork()


def _in_child() -> None:
    recording, _Followed.forking, _Followed.recording = _Followed.forking, None, None
    if recording is not None:
        recording.after_fork_in_child()


def at_end(recording: Stopping) -> None:
    """Stop ``recording`` when this process ends, also as a child of multiprocessing."""
    atexit.register(_end, recording)
    # Such a child ends by os._exit, after multiprocessing's own finalizers; those that are there
    # when it begins are forgotten, so this is added once it has forgotten them.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(recording, partial(_finalize, util))
        _finalize(util, recording)


def _finalize(util: Any, recording: Stopping) -> None:
    util.Finalize(None, _end, args=(recording,), exitpriority=-100)


def _end(recording: Stopping) -> None:
    try:
        recording.settle()
    finally:
        recording.stop()
