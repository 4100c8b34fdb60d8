"""From start to trace: a collector, the NVTX log and a writer that takes parts meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from timeline.backends.cuda.collector import Collected
from timeline.errors import TimelineError
from timeline.recording.nvtx_libraries import hook_imported, inject
from timeline.recording.nvtx_package import listen
from timeline.recording.provenance import provenance
from timeline.recording.range_log import RangeLog
from timeline.trace import Device, Meta, Trace
from timeline.trace.clock import shift
from timeline.trace.store import TraceWriter

__all__ = ["LiveCollector", "Recorder"]

SPILL_BYTES = 512 << 20
"""Raw records that may wait in memory while the program runs; more are decoded beside it."""

_LOOK_S = 0.5

Tables = Mapping[str, pa.Table]


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

    def drain(self) -> Tables:
        """Rows that are complete."""
        ...

    def stop(self) -> Collected:
        """End; the rest of the rows."""
        ...


class Recorder:
    """Records what the process does on the GPU, between :meth:`start` and :meth:`stop`.

    Parameters
    ----------
    path : path-like or None
        Folder of the trace; without one the trace is kept in memory.
    argv : sequence of str
        The command that is recorded.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        collector: LiveCollector,
        argv: Sequence[str],
        *,
        overwrite: bool = False,
    ) -> None:
        self._path = path
        self._collector = collector
        self._argv = tuple(argv)
        self._overwrite = overwrite
        self._log = RangeLog(collector.timestamp)
        self._notes: list[str] = []
        self._parts: list[Tables] = []
        self._writer: TraceWriter | None = None
        self._began = 0
        self._ended = threading.Event()
        self._spilling = threading.Thread(target=self._spill, name="timeline-recorder", daemon=True)
        self._failure: Exception | None = None
        self._process = 0
        self._meta_written: Meta | None = None
        self.rows: dict[str, int] = {}

    def start(self) -> None:
        """Begin; on failure nothing is left behind.

        Raises
        ------
        CuptiError
            When the collector can't start.
        OutputError
            When the place can't be written.
        """
        self._open_nvtx()
        self._process = os.getpid()
        self._collector.start()
        try:
            if self._path is not None:
                self._writer = TraceWriter(
                    self._path, overwrite=self._overwrite, meta=Meta(self._collector.source)
                )
        except BaseException:
            self._collector.stop()
            raise
        self._began = self._collector.timestamp()
        self._listen()
        self._spilling.start()

    def _open_nvtx(self) -> None:
        other = inject(self._collector.library_path)
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
        while not self._ended.wait(_LOOK_S):
            if self._collector.waiting_bytes < SPILL_BYTES:
                continue
            try:
                self._keep(self._collector.drain())
            except Exception as error:
                self._failure = error  # stop() raises it, when the rest is written
                return

    def _keep(self, tables: Tables) -> None:
        moved = shift(tables, -self._began)
        if self._writer is not None:
            self._writer.append(moved)
        else:
            self._parts.append(moved)
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

        Raises
        ------
        TimelineError
            When it can't be written, or what was recorded can't be read. Rows that were lost while
            the program ran are noted in the trace, which holds the others.
        """
        if self._ended.is_set() or os.getpid() != self._process:
            return
        self._ended.set()
        self._spilling.join()
        self._log.close()
        collected = self._collector.stop()
        self._keep({**collected.tables, "ranges": self._ranges(collected)})
        meta = self._meta(collected)
        if self._writer is not None:
            self._writer.close(meta)
        self._meta_written = meta
        if self._failure is not None:
            raise TimelineError(self._missing()) from self._failure

    @property
    def meta(self) -> Meta | None:
        """What the trace says of itself; None until it is there."""
        return self._meta_written

    def _missing(self) -> str:
        why = f"{type(self._failure).__name__}: {self._failure}"
        return f"rows are missing, keeping them beside the program failed ({why}); record again"

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
            notes=(*self._notes, *collected.notes, *self._lost()),
        )

    def _lost(self) -> tuple[str, ...]:
        return () if self._failure is None else (f"Not whole: {self._missing()}.",)

    def trace(self) -> Trace:
        """The trace, after :meth:`stop`."""
        if self._writer is not None:
            return Trace.load(self._writer.path)
        assert self._meta_written is not None
        return Trace.from_tables(self._meta_written, _joined(self._parts))


def _joined(parts: Sequence[Tables]) -> dict[str, Any]:
    names = {name for part in parts for name in part}
    return {name: pa.concat_tables([p[name] for p in parts if name in p]) for name in names}
