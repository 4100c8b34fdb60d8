"""A collector of nothing but the time, where CUPTI can't be used."""

from __future__ import annotations

import time

from timeline.backends.cuda.collector import Collected
from timeline.trace import Device

__all__ = ["HostOnly"]


class HostOnly:
    """Collects no activities; NVTX ranges of Python are the recorder's own."""

    source = "host"
    library_path = ""
    devices: tuple[Device, ...] = ()
    waiting_bytes = 0

    def start(self) -> None:
        """Nothing to begin."""

    def timestamp(self) -> int:
        """Now, ns of the monotonic clock."""
        return time.monotonic_ns()

    def settle(self) -> None:
        """Nothing to wait for."""

    def drain(self) -> Collected:
        """No rows."""
        return Collected({}, time.time_ns() - time.monotonic_ns())

    def discard(self) -> None:
        """Nothing to give up."""

    def forked(self) -> None:
        """Nothing to leave alone."""

    stop = drain
