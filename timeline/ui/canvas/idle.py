"""Working out why engines were idle, beside the page and once for all sessions."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary

from timeline.errors import TimelineError
from timeline.tiles import Index
from timeline.tiles.idle import idle_segments
from timeline.trace import Trace
from timeline.ui.canvas.kept import KEPT

__all__ = ["Job", "job_of"]


class Job:
    """Fills :attr:`timeline.tiles.Index.idle` of one index in a thread of its own.

    It doesn't hold the index, which would never be let go then.
    """

    def __init__(self) -> None:
        self._done = 0
        self._why = ""
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self, index: Index, trace: Trace) -> None:
        """Start it, unless it has been."""
        with self._lock:
            if self._thread is None and not index.idle:
                self._thread = threading.Thread(target=self._run, args=(index, trace), daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until it has ended, if it was started."""
        if self._thread is not None:
            self._thread.join()

    def state(self, index: Index) -> dict[str, Any]:
        """How far it is: ``none``, ``building``, ``ready`` or ``failed``, steps, and why."""
        engines = index.idle_engines
        total = sum(1 + len(own) for own in engines.values())
        if index.idle or not engines:
            return {"state": "ready", "done": total, "total": total, "why": ""}
        if self._why:
            return {"state": "failed", "done": self._done, "total": total, "why": self._why}
        state = "none" if self._thread is None else "building"
        return {"state": state, "done": self._done, "total": total, "why": ""}

    def _run(self, index: Index, trace: Trace) -> None:
        try:
            found = idle_segments(trace, index.origin, index.idle_engines, self._tell)
            index.idle.update(found)
            KEPT.keep(trace, index)
        except (TimelineError, MemoryError) as error:
            self._why = str(error) or "too large for this machine's memory"

    def _tell(self, done: int, _total: int) -> None:
        self._done = done


_JOBS: WeakKeyDictionary[Index, Job] = WeakKeyDictionary()
_LOCK = threading.Lock()


def job_of(index: Index) -> Job:
    """The one job of an index."""
    with _LOCK:
        if index not in _JOBS:
            _JOBS[index] = Job()
        return _JOBS[index]
