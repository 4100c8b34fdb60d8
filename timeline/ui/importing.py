"""Reading a trace beside the page: how far it is, how to stop it, and what came of it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from timeline.errors import TimelineError, TraceError
from timeline.formats import ImportOptions, Limits, open_trace
from timeline.tiles import identity_of, kept
from timeline.trace import Trace
from timeline.trace.stored import StoredTables
from timeline.ui.canvas.kept import KEPT, Stored
from timeline.ui.glimpse import glimpse
from timeline.ui.later import LaterTables
from timeline.ui.opened import Opened

__all__ = ["UPLOAD_LIMITS", "Import", "of_path", "of_upload"]

UPLOAD_LIMITS = Limits(
    file_bytes=2 << 30,
    expanded_bytes=16 << 30,
    rows=50_000_000,
    members=1_000_000,
    memory_bytes=8 << 30,
    seconds=600,
)
"""What an upload may bring, unless the environment says more; larger ones are opened by path."""

Tell = Callable[[int, int], None]
Read = Callable[[Tell], Trace]
Glimpse = Callable[[LaterTables], Opened | None]


class _StoppedError(TimelineError):
    """Somebody no longer wants it."""


class Import:
    """A trace that is being read in a thread of its own.

    Parameters
    ----------
    name : str
        What the page calls it; untrusted text.
    read : callable
        Takes a function to tell ``(done, total)``, and returns the trace.
    glimpse : callable, optional
        What can be shown before any table is read, given how to read them; None if nothing can.
        The tables are read once somebody wants them.
    """

    def __init__(self, name: str, read: Read, glimpse: Glimpse | None = None) -> None:
        self.name = name
        self.done, self.total = 0, 0
        self._stop = threading.Event()
        self._whole: Trace | None = None
        self._error: TimelineError | None = None
        self._thread = threading.Thread(target=self._run, args=(read,), daemon=True)
        self._lock, self._started = threading.Lock(), False
        later = LaterTables(self._tables, lambda: self._whole is not None)
        self._found = glimpse(later) if glimpse is not None else None
        if self._found is None:
            self._start()

    @property
    def share(self) -> float:
        """Part that has been read; 0 where the total isn't known."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def failure(self) -> str:
        """Why it could not be read, in one line; empty if it could, or may still be."""
        return " ".join(str(self._error).split()) if self._error is not None else ""

    def cancel(self) -> None:
        """Stop at the next report of progress; nothing stays behind."""
        self._stop.set()

    def wait(self, seconds: float, *, whole: bool = True) -> bool:
        """Wait that long at most; whether it has ended, or need not be ``whole`` to be shown."""
        if not whole and self._found is not None:
            return True
        self._start()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Opened:
        """The trace, of an import that has ended or can be shown.

        Raises
        ------
        TimelineError
            When it can't be read, or was cancelled.
        """
        if self._error is not None:
            raise self._error
        assert self._found is not None, "not ended"
        return self._found

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                self._thread.start()

    def _tables(self) -> StoredTables:
        """The tables of a stored trace, for who can't do without."""
        self._start()
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._whole is not None
        assert isinstance(self._whole.tables, StoredTables), "only those are shown before"
        return self._whole.tables

    def _run(self, read: Read) -> None:
        try:
            self._whole = read(self._tell)
            self._found = self._found or Opened(self._whole)
        except TimelineError as error:
            self._error = error
        except MemoryError:
            self._error = TraceError(f"{self.name}: too large for this machine's memory")

    def _tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._stop.is_set():
            raise _StoppedError(f"{self.name}: cancelled")


def of_path(path: Path) -> Import:
    """Read the trace at a path, whoever wrote it.

    One whose index was kept can be shown before it is read.
    """
    identity = identity_of(path)
    if identity is None:
        return Import(path.name, lambda tell: open_trace(path, ImportOptions(progress=tell)))
    stored, index = Stored(path, identity), kept(path, identity)

    def read(tell: Tell) -> Trace:
        trace = open_trace(path, ImportOptions(progress=tell))
        if identity_of(path) == identity:
            KEPT.tell(trace, stored)
        elif index is not None:  # of what was there before
            raise TraceError(f"{path}: has changed since it was opened; open it again")
        return trace

    if index is None:
        return Import(path.name, read)
    return Import(path.name, read, lambda tables: glimpse(stored, index, tables))


def of_upload(name: str, content: memoryview) -> Import:
    """Read an uploaded file, from a private temporary one that goes away with the import."""

    def read(tell: Tell) -> Trace:
        with tempfile.TemporaryDirectory(prefix="timeline-") as folder:
            path = Path(folder) / "upload"
            try:
                path.write_bytes(content)
                limits = UPLOAD_LIMITS.raised()
                return open_trace(path, ImportOptions(limits=limits, progress=tell))
            except OSError as error:
                raise TraceError(f"{name}: can't be kept while it is read: {error}") from error
            except TraceError as error:
                raise TraceError(str(error).replace(str(path), name)) from error

    return Import(name, read)
