"""From start to trace: a collector, the NVTX log and a place that takes parts meanwhile."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from timeline.backends.cuda.collector import Collected
from timeline.backends.cuda.cupti.others import torch_profiling
from timeline.errors import OtherProfilerError, OutputError
from timeline.recording.forks import at_end, follow, unfollow
from timeline.recording.host_only import HostOnly
from timeline.recording.keeping import Keeping, Memory, Place
from timeline.recording.nvtx_libraries import hook_imported, inject
from timeline.recording.nvtx_package import listen
from timeline.recording.provenance import provenance
from timeline.recording.range_log import RangeLog
from timeline.trace import Device, Meta, Trace
from timeline.trace.children import child_folder
from timeline.trace.clock import shift
from timeline.trace.store import TraceWriter

__all__ = ["LiveCollector", "Recorder"]

_LOOK_S = 0.5

_TORCH = (
    "torch.profiler ran beside this recording. CUPTI serves one profiler: either may lack records "
    "of that time. Use one of the two."
)

_FORKED = (
    "This process was forked from one that was recorded: its NVTX ranges are here, but not what it "
    "did on a GPU. Start it anew (spawn) for that."
)

_RENEWED = ("streams",)
"""Tables that a collector gives as a whole each time."""


class LiveCollector(Protocol):
    """A collector that can be emptied while it collects."""

    source: str

    @property
    def library_path(self) -> str:
        """The library that NVTX must name as its tool."""
        ...

    @property
    def devices(self) -> tuple[Device, ...]:
        """Devices that were seen."""
        ...

    @property
    def waiting_bytes(self) -> int:
        """Memory that waits for :meth:`drain`."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def timestamp(self) -> int:
        """Now, in ns on the collector's clock."""
        ...

    def settle(self) -> None:
        """Wait until what was issued is done."""
        ...

    def drain(self) -> Collected:
        """Rows that are complete, and what is known so far."""
        ...

    def discard(self) -> None:
        """Give up what :meth:`drain` would bring."""
        ...

    def forked(self) -> None:
        """Take no more memory, in a forked child, where it must not be stopped."""
        ...

    def stop(self) -> Collected:
        """End; the rest of the rows."""
        ...


class Recorder:
    """Records what the process does on the GPU, between :meth:`start` and :meth:`stop`.

    A thread writes a part every so often, so that a process that is killed loses little. Where
    parts can't be kept any more, for example on a full disk, the program goes on without.

    Parameters
    ----------
    path : path-like or None
        Folder of the trace; without one the trace is kept in memory.
    argv : sequence of str
        The command that is recorded.
    keeping : Keeping, optional
        When parts are written, and how much is kept.
    lazy : bool
        Make no trace before there are rows for it.
    root : Path, optional
        Folder of the trace in which those of children go; by default ``path``.
    notes : sequence of str
        What the reader of the trace must know.

    Attributes
    ----------
    other : str or None
        What to say of another profiler, beside which nothing is recorded.
    rows : dict
        Rows that were recorded, by table.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        collector: LiveCollector,
        argv: Sequence[str],
        *,
        overwrite: bool = False,
        keeping: Keeping | None = None,
        lazy: bool = False,
        root: Path | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self._path = path
        self._lazy = lazy
        self._collector = collector
        self._argv = tuple(argv)
        self._overwrite = overwrite
        self._keeping = keeping or Keeping()
        self._log = RangeLog(collector.timestamp)
        self._beside_torch = False
        self._notes: list[str] = list(notes)
        self._place: Place | None = None
        self._root = root or Path(path or "").resolve()
        self._began = 0
        self._ended = threading.Event()
        self._keeping_rows = threading.Lock()
        self._spilling = threading.Thread(target=self._spill, name="timeline-recorder", daemon=True)
        self._failure: Exception | None = None
        self._process = 0
        self._meta_written: Meta | None = None
        self.other: str | None = None
        self.rows: dict[str, int] = {}

    def start(self) -> None:
        """Begin; on failure nothing is left behind.

        Beside another profiler nothing is recorded, and NVTX is left to it: see :attr:`other`.

        Raises
        ------
        CuptiError
            When the collector can't start.
        OutputError
            When the place can't be written.
        """
        self._process = os.getpid()
        try:
            self._collector.start()
        except OtherProfilerError as error:
            self.other = f"{error}. Nothing is recorded."
            self._notes.append(_sentence(self.other))
            self._collector = HostOnly()
        try:
            self._place = None if self._lazy else self._opened()
        except BaseException:
            self._collector.stop()
            raise
        self._log = RangeLog(self._collector.timestamp)
        self._began = self._collector.timestamp()
        if self.other is None:
            self._open_nvtx()
            self._listen()
        self._spilling.start()
        follow(self)

    def _opened(self) -> Place:
        known = Meta(self._collector.source, paced="host", provenance=provenance(self._argv))
        most = self._keeping.max_bytes
        if self._path is None:
            return Memory(known, most)
        return TraceWriter(self._path, overwrite=self._overwrite, meta=known, max_bytes=most)

    def _open_nvtx(self) -> None:
        library = self._collector.library_path
        other = inject(library) if library else None
        if other is not None:
            self._notes.append(
                f"NVTX_INJECTION64_PATH names another tool ({Path(other).name}): ranges of C++ "
                "libraries are missing."
            )

    def _listen(self) -> None:
        if not listen(self._log) and os.environ.get("NVTX_DISABLE"):
            self._notes.append("NVTX_DISABLE is set: ranges of the nvtx package are missing.")
        hook_imported()

    def _spill(self) -> None:
        """Write a part whenever it is time, or much waits; after a failure, keep memory small."""
        written = time.monotonic()
        while not self._ended.wait(min(_LOOK_S, self._keeping.every_s)):
            self._beside_torch |= torch_profiling()
            much = self._collector.waiting_bytes >= self._keeping.part_bytes
            if not much and time.monotonic() - written < self._keeping.every_s:
                continue
            written = time.monotonic()
            with self._keeping_rows:
                self._part()

    def _part(self) -> None:
        try:
            if self._failure is None:
                until = self._collector.timestamp()
                self._keep(self._collector.drain(), until)
            else:
                self._collector.discard()
                self._log.table()
        except Exception as error:
            self._failure = self._failure or error

    def _keep(self, collected: Collected, until: int, *, last: bool = False) -> None:
        tables = {**collected.tables, "ranges": self._ranges(collected)}
        renewed = {name: tables.pop(name) for name in _RENEWED if name in tables}
        moved = shift(tables, -self._began)
        empty = not any(rows.num_rows for rows in moved.values())
        if empty and (self._place is None or not last):
            return
        self._place = self._place or self._opened()
        self._place.append(
            moved, renewed=renewed, until_ns=until - self._began, meta=self._meta(collected)
        )
        for name, rows in moved.items():
            self.rows[name] = self.rows.get(name, 0) + rows.num_rows

    def settle(self) -> None:
        """Wait until the GPU has done what was issued; Ctrl-C ends the wait.

        Nothing is done in a forked child, as by :meth:`stop`.
        """
        if os.getpid() == self._process:
            self._collector.settle()

    def stop(self) -> None:
        """End, and write the trace; the second time, and in a forked child, do nothing.

        What can't be written or read any more is missing from the trace; it and :attr:`failure`
        say so.
        """
        if self._ended.is_set() or os.getpid() != self._process:
            return
        unfollow(self)
        self._ended.set()
        self._spilling.join()
        self._beside_torch |= torch_profiling()
        self._log.close()
        until, meta = self._collector.timestamp(), None
        try:
            collected = self._collector.stop()
            meta = self._meta(collected)
            if self._failure is None:
                self._keep(collected, until, last=True)
        except Exception as error:
            self._failure = self._failure or error
        self._meta_written = self._closed(meta)

    def _closed(self, meta: Meta | None) -> Meta | None:
        if self._place is None:  # lazy, and nothing came
            return None
        try:
            return self._place.close(meta, why=_reason(self._failure))
        except OutputError as error:  # what the last part said of the trace still stands
            self._failure = self._failure or error
            kept = dataclasses.replace(self._place.kept, why=_reason(self._failure))
            return (meta or Meta(self._collector.source)).of(kept)

    def before_fork(self) -> None:
        """Let the part that is being written become whole."""
        self._keeping_rows.acquire()

    def after_fork(self) -> None:
        """Go on, in the parent."""
        self._keeping_rows.release()

    def after_fork_in_child(self) -> None:
        """Leave the trace to the parent; the child's ranges go to one of its own."""
        self._collector.forked()
        self._log.close()
        if self._path is None:
            return
        child = Recorder(
            child_folder(self._root, os.getpid()),
            HostOnly(),
            self._argv,
            keeping=self._keeping,
            lazy=True,
            root=self._root,
            notes=(_FORKED,),
        )
        child.start()
        at_end(child)

    @property
    def meta(self) -> Meta | None:
        """What the trace says of itself; None until it is there."""
        return self._meta_written

    @property
    def failure(self) -> str | None:
        """Why, and from when on, the trace lacks what was recorded; None when it doesn't."""
        if self._failure is None or self._place is None:
            return None
        kept = self._meta_written.kept if self._meta_written else self._place.kept
        where = "" if self._path is None else f"{os.fspath(self._path)}: "
        return where + " ".join((kept or self._place.kept).notes()[:1])

    def _ranges(self, collected: Collected) -> pa.Table:
        ours, theirs = self._log.table(), collected.tables.get("ranges")
        if theirs is None or not theirs.num_rows:
            return ours
        return pa.concat_tables([theirs, ours]) if ours.num_rows else theirs

    def _meta(self, collected: Collected) -> Meta:
        return Meta(
            source=self._collector.source,
            epoch_ns=self._began + collected.unix_offset_ns,
            devices=self._collector.devices,
            paced="host",
            dropped=collected.dropped,
            provenance={**provenance(self._argv), **collected.provenance},
            notes=(*self._notes, *collected.notes, *((_TORCH,) if self._beside_torch else ())),
        )

    def trace(self) -> Trace:
        """The trace, after :meth:`stop`."""
        if isinstance(self._place, TraceWriter):
            return Trace.load(self._place.path)
        assert isinstance(self._place, Memory)
        assert self._meta_written is not None
        return Trace.from_tables(self._meta_written, self._place.tables())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _reason(failure: Exception | None) -> str:
    """What failed, without the path that the reader of the trace doesn't know."""
    if failure is None:
        return ""
    cause = failure.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return f"{type(failure).__name__}: {failure}"
