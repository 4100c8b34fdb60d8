"""Reading a trace beside the page: how far it is, how to stop it, and what came of it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from timeline.errors import TimelineError, TraceError
from timeline.formats import ImportOptions, Limits, open_trace
from timeline.trace import Trace
from timeline.ui.opened import Opened

__all__ = ["UPLOAD_LIMITS", "Import", "of_path", "of_upload"]

UPLOAD_LIMITS = Limits(file_bytes=2 << 30, expanded_bytes=16 << 30, rows=50_000_000)
"""What an upload may bring; files that are larger are opened by their path."""

Tell = Callable[[int, int], None]
Read = Callable[[Tell], Trace]


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
    """

    def __init__(self, name: str, read: Read) -> None:
        self.name = name
        self.done, self.total = 0, 0
        self._stop = threading.Event()
        self._found: Opened | None = None
        self._error: TimelineError | None = None
        self._thread = threading.Thread(target=self._run, args=(read,), daemon=True)
        self._thread.start()

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

    def wait(self, seconds: float) -> bool:
        """Wait that long at most; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Opened:
        """The trace, of an import that has ended.

        Raises
        ------
        TimelineError
            When it can't be read, or was cancelled.
        """
        if self._error is not None:
            raise self._error
        assert self._found is not None, "not ended"
        return self._found

    def _run(self, read: Read) -> None:
        try:
            self._found = Opened(read(self._tell))
        except TimelineError as error:
            self._error = error
        except MemoryError:
            self._error = TraceError(f"{self.name}: too large for this machine's memory")

    def _tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._stop.is_set():
            raise _StoppedError(f"{self.name}: cancelled")


def of_path(path: Path) -> Import:
    """Read the trace at a path, whoever wrote it."""
    return Import(path.name, lambda tell: open_trace(path, ImportOptions(progress=tell)))


def of_upload(name: str, content: memoryview) -> Import:
    """Read an uploaded file, from a private temporary one that goes away with the import."""

    def read(tell: Tell) -> Trace:
        with tempfile.TemporaryDirectory(prefix="timeline-") as folder:
            path = Path(folder) / "upload"
            try:
                path.write_bytes(content)
                return open_trace(path, ImportOptions(limits=UPLOAD_LIMITS, progress=tell))
            except OSError as error:
                raise TraceError(f"{name}: can't be kept while it is read: {error}") from error
            except TraceError as error:
                raise TraceError(str(error).replace(str(path), name)) from error

    return Import(name, read)
