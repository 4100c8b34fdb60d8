"""The collector of CUPTI's activity records."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Literal

import pyarrow as pa

from timeline.backends.cuda.collector import Collected
from timeline.backends.cuda.cupti.buffers import route
from timeline.backends.cuda.cupti.current import current_context
from timeline.backends.cuda.cupti.decoder import Decoder, Raw
from timeline.backends.cuda.cupti.idle import wait_idle
from timeline.backends.cuda.cupti.layouts import Layout, layout_for, release
from timeline.backends.cuda.cupti.library import MAX_LIMIT_REACHED, Library, load
from timeline.backends.cuda.cupti.names import FunctionNames
from timeline.backends.cuda.cupti.others import attached
from timeline.backends.cuda.cupti.session import Calls, Session, Wanted
from timeline.errors import CuptiError, OtherProfilerError
from timeline.trace import Device, table

__all__ = ["CuptiCollector"]

_PAIRS = 16
_UNKNOWN_KIND = 21  # CUPTI_ERROR_INVALID_KIND
LIMIT_BYTES = 8 << 30

_active: CuptiCollector | None = None
_lock = threading.Lock()


class CuptiCollector:
    """Collects kernels, copies, calls, synchronisations, streams, allocations and NVTX markers.

    One collector records at a time in a process, and none beside another profiler.

    Parameters
    ----------
    calls : {"work", "all", "none"}
        Runtime and driver calls to trace: those that issue work, wait or allocate
        (:mod:`timeline.backends.cuda.cupti.apis`), all of them, or none.
    nvtx : bool
        Take NVTX ranges that reach CUPTI. That needs ``NVTX_INJECTION64_PATH`` to name
        :attr:`library_path` before the process first uses NVTX.
    latency : bool
        Collect when a kernel was queued and submitted. CUPTI wants that switched on before CUDA
        is initialised.
    host_functions : bool
        Trace host functions in streams (CUPTI 13.1 and later).
    limit_bytes : int
        The most memory for raw buffers; CUPTI drops, and counts, records beyond it.
    """

    source = "cupti"

    def __init__(
        self,
        *,
        calls: Literal["work", "all", "none"] = "work",
        nvtx: bool = True,
        latency: bool = False,
        host_functions: bool = False,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self._wanted = Wanted(Calls(calls), nvtx, latency, host_functions)
        self._limit_bytes = limit_bytes
        self._library: Library | None = None
        self._session: Session | None = None
        self._decoder: Decoder | None = None
        self._layout: Layout | None = None
        self._dropped = 0
        self._process = 0

    @property
    def library_path(self) -> str:
        """The libcupti that is used; loads it.

        Raises
        ------
        CuptiError
            When none can be loaded.
        """
        return self._loaded().path

    @property
    def devices(self) -> tuple[Device, ...]:
        """Devices that CUPTI reported; complete after :meth:`stop`."""
        return self._decoder.contexts.devices if self._decoder else ()

    @property
    def waiting_bytes(self) -> int:
        """Memory of full buffers that wait for :meth:`drain` or :meth:`stop`."""
        return route().pool.completed_bytes

    def _loaded(self) -> Library:
        if self._library is None:
            self._library = load()
        return self._library

    def start(self) -> None:
        """Begin to record.

        Raises
        ------
        OtherProfilerError
            When another profiler is attached, whose CUPTI this must not take.
        CuptiError
            When CUPTI can't be loaded, has no layout, or is in use.
        """
        global _active
        other = attached()
        if other is not None:
            raise OtherProfilerError(other)
        library = self._loaded()
        self._layout = layout_for(library.version)
        with _lock:
            if _active is not None:
                raise CuptiError(
                    "a recording is already running in this process; end it before another one"
                )
            pool = route().pool
            pool.limit_bytes = self._limit_bytes
            pool.discard()
            pool.prepare()
            self._dropped, self._process = 0, os.getpid()
            self._decoder = Decoder(self._layout, FunctionNames(library), library.timestamp())
            self._session = Session(library, self._wanted)
            self._session.open()
            _active = self
        atexit.register(self._at_exit)

    def timestamp(self) -> int:
        """Now, in ns on CUPTI's clock."""
        return self._loaded().timestamp()

    def stream_id(self, stream: int, per_thread: bool = False) -> int:
        """CUPTI's id of a stream, as in the trace.

        Parameters
        ----------
        stream : int
            The ``cudaStream_t``; 0 is the default stream of the current context.
        per_thread : bool
            Read 0 as the calling thread's per-thread default stream.

        Raises
        ------
        CuptiError
            When there is no current context, or no such stream.
        """
        found = ctypes.c_uint32(0)
        # The default stream belongs to a context by name only, so CUPTI wants that named too.
        self._loaded().check(
            "cuptiGetStreamIdEx",
            current_context(),
            ctypes.c_void_p(stream),
            ctypes.c_uint8(per_thread),
            ctypes.byref(found),
        )
        return found.value

    def settle(self) -> None:
        """Trace no more calls, and wait until the GPU has done what was issued.

        Ctrl-C ends the wait; what is not done then has no end time and is left out.
        """
        if self._session is not None:
            self._session.quiet()
            wait_idle()

    def drain(self) -> Collected:
        """Decode what is complete, so that a long recording needs little memory.

        Returns
        -------
        Collected
            Rows, each of which comes once: here or from :meth:`stop`; but all streams each time.
        """
        session, decoder, layout = self._running()
        self._dropped += session.flush()
        tables = decoder.tables(self._taken(), now=self.timestamp(), last=False)
        tables["streams"] = decoder.contexts.streams()
        return self._collected(session, layout, tables)

    def discard(self) -> None:
        """Give up what :meth:`drain` would decode, so that it takes no more memory."""
        if self._session is not None:
            self._session.flush()
        route().pool.discard()

    def forked(self) -> None:
        """In a forked child: leave CUPTI, copied in mid-flight, alone and without memory."""
        if self._session is not None:
            route().pool.forked()

    def _running(self) -> tuple[Session, Decoder, Layout]:
        if self._session is None or self._decoder is None or self._layout is None:
            raise CuptiError("the recording was not started")
        return self._session, self._decoder, self._layout

    def stop(self) -> Collected:
        """End, and decode what :meth:`drain` has not.

        Returns
        -------
        Collected
            ``unix_offset_ns`` is the median of the readings with the shortest bracket.
        """
        global _active
        session, decoder, layout = self._running()
        with _lock:
            self._session = None
            try:
                self._dropped += session.close()
            finally:
                _active = None
                atexit.unregister(self._at_exit)
        tables = decoder.tables(self._taken(), now=self.timestamp(), last=True)
        tables["streams"] = decoder.contexts.streams()
        for name in ("syncs", "events", "allocs"):
            tables.setdefault(name, table(name, {}, 0))
        route().pool.trim()
        return self._collected(session, layout, tables)

    def _collected(
        self, session: Session, layout: Layout, tables: Mapping[str, pa.Table]
    ) -> Collected:
        assert self._decoder is not None
        library = self._loaded()
        return Collected(
            tables,
            unix_offset_ns(library),
            self._dropped + self._decoder.untimed,
            self._provenance(library, layout),
            (*session.notes, *self._notes(layout), *self._decoder.notes()),
        )

    def _taken(self) -> Iterator[Raw]:
        """Completed buffers, each given back once the next is asked for."""
        pool = route().pool
        while done := pool.take():
            address, valid = done
            try:
                if valid:
                    yield pool.view(address, valid), self._following(address, valid)
            finally:
                pool.recycle(address, valid)

    def _following(self, address: int, valid: int) -> _Following:
        return _Following(self._loaded(), address, valid)

    def _provenance(self, library: Library, layout: Layout) -> dict[str, object]:
        assert self._decoder is not None
        return {
            "cupti": release(library.version),
            "cupti_api_version": library.version,
            "cupti_layout": layout.version,
            "cupti_records": self._decoder.records,
        }

    def _notes(self, layout: Layout) -> tuple[str, ...]:
        notes = []
        if not layout.exact:
            notes.append(
                f"CUPTI {release(self._loaded().version)} is newer than the layouts of this "
                f"timeline; those of {release(layout.version)} were used, and proven against it."
            )
        if self._dropped:
            notes.append(f"CUPTI dropped {self._dropped} records.")
        return tuple(notes)

    def _at_exit(self) -> None:
        """Leave CUPTI quiet before the interpreter, and with it the callbacks, goes."""
        global _active
        if self._session is not None and os.getpid() == self._process:
            self._session.close()
            self._session, _active = None, None


class _Following:
    """Offset of the next record, by ``cuptiActivityGetNextRecord``."""

    def __init__(self, library: Library, address: int, valid: int) -> None:
        self._library = library
        self._address = address
        self._valid = valid

    def __call__(self, offset: int) -> int | None:
        record = ctypes.c_void_p(self._address + offset)
        status = self._library.status(
            "cuptiActivityGetNextRecord",
            ctypes.c_void_p(self._address),
            ctypes.c_size_t(self._valid),
            ctypes.byref(record),
        )
        if status in (MAX_LIMIT_REACHED, _UNKNOWN_KIND):
            return None
        if status:
            raise self._library.error("cuptiActivityGetNextRecord", status)
        return (record.value or 0) - self._address


def unix_offset_ns(library: Library) -> int:
    """What to add to CUPTI's clock to get Unix time: from the reading that took least time."""
    best, offset = 1 << 62, 0
    for _ in range(_PAIRS):
        before, middle, after = library.timestamp(), time.time_ns(), library.timestamp()
        if after - before < best:
            best, offset = after - before, middle - (before + after) // 2
    return offset
