"""The gate: streams are held until the host has enqueued the Program; its lateness shows nowhere.

Every stream first gets a ``cuStreamWaitValue32`` on a word of pinned memory, which the host writes
when all threads have come to an operation at which they wait or work, or to their end. To hold a
stream any longer would deadlock.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

from timeline.backends.cuda.api import Api

__all__ = ["Gate"]

WATCHDOG_S = 5.0
"""After this long the gate opens whatever the host does."""


class Gate:
    """A word of pinned memory that streams wait on.

    Each repeat is a generation: streams wait until the word is at least its number, so an open gate
    never has to be closed again.
    """

    def __init__(self, api: Api, address: int) -> None:
        self._api = api
        self._address = address
        self._word = ctypes.c_uint32.from_address(address)
        self._word.value = 0
        self._generation = 0
        self._left = 0
        self._lock = threading.Lock()
        self._opened = threading.Event()
        self._watchdog: threading.Timer | None = None
        self.forced = False

    def arm(self, threads: int) -> None:
        """Close it, until ``threads`` host threads have arrived."""
        self._generation += 1
        self._left = threads
        self._opened.clear()

    def hold(self, stream: Any) -> None:
        """Make what is enqueued in ``stream`` from now on wait for the gate."""
        self._api.check((self.try_hold(stream),), "cuStreamWaitValue32")

    def try_hold(self, stream: Any) -> Any:
        """Like :meth:`hold`; the status, whatever it is."""
        driver = self._api.driver
        greater_equal = int(driver.CUstreamWaitValue_flags.CU_STREAM_WAIT_VALUE_GEQ)
        address, value = self._address, self._generation
        return driver.cuStreamWaitValue32(stream, address, value, greater_equal)[0]

    def watch(self, seconds: float = WATCHDOG_S) -> None:
        """From now on, open by itself after ``seconds``."""
        self._watchdog = threading.Timer(seconds, self._force)
        self._watchdog.daemon = True
        self._watchdog.start()

    def arrive(self, *, wait: bool) -> None:
        """Say that this host thread is done; the last one opens. ``wait`` until it is open."""
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self.open()
        elif wait:
            self._opened.wait()

    def open(self) -> None:
        """Let every stream run. Safe at any time, and more than once."""
        self._word.value = self._generation
        self._opened.set()
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.cancel()

    def _force(self) -> None:
        self.forced = True
        self._watchdog = None
        self.open()
