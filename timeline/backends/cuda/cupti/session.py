"""Switching CUPTI on and off, so that nothing stays on when a recording fails or ends."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from timeline.backends.cuda.cupti.apis import switch, switch_off
from timeline.backends.cuda.cupti.buffers import route
from timeline.backends.cuda.cupti.kinds import ActivityKind, CallbackDomain
from timeline.backends.cuda.cupti.library import MULTIPLE_SUBSCRIBERS, Library
from timeline.errors import CuptiError

__all__ = ["Calls", "Session", "Wanted"]

K = ActivityKind

_ZEROED_BUFFERS = 5  # CUPTI_ACTIVITY_ATTR_ZEROED_OUT_ACTIVITY_BUFFER
_SYSTEM_THREAD_ID = 1  # CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM
_FORCED = 1  # CUPTI_ACTIVITY_FLAG_FLUSH_FORCED
_DUMPED = (K.DEVICE, K.CONTEXT, K.STREAM)
_ALWAYS = (K.MEMCPY, K.MEMCPY2, K.MEMSET, K.SYNCHRONIZATION, K.CUDA_EVENT, K.MEMORY2)
_OPTIONAL = frozenset((K.CUDA_EVENT, K.MEMORY2, K.GRAPH_HOST_NODE, K.HOST_LAUNCH, K.MEMCPY2))
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)


class Calls(StrEnum):
    """Which runtime and driver calls are traced."""

    WORK = "work"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Options of :class:`timeline.backends.cuda.cupti.CuptiCollector`."""

    calls: Calls
    nvtx: bool
    latency: bool
    host_functions: bool


def _nothing(_data: object, _domain: object, _callback: object, _info: object) -> None:
    """The subscriber's callback; no callback is ever enabled."""


_SUBSCRIBER = _CALLBACK(_nothing)  # CUPTI keeps its address, so it lives as long as the module


class Session:
    """What is switched on; :meth:`close` switches it off, in reverse.

    Two things that CUPTI 13.0 offers stay off, as they broke the traced program on an H200: device
    timestamps of events (``cudaEventRecord`` never returned in the fourth session of a process) and
    graphs traced as a whole (``cudaGraphLaunch`` crashed for a graph instantiated before).

    Attributes
    ----------
    notes : list of str
        What this CUPTI could not do.
    """

    def __init__(self, library: Library, wanted: Wanted) -> None:
        self._library = library
        self._wanted = wanted
        self._undo: list[Callable[[], object]] = []
        self._undo_calls: list[Callable[[], object]] = []
        self.notes: list[str] = []

    def open(self) -> None:
        """Switch everything on, or nothing.

        Raises
        ------
        CuptiError
            When CUPTI refuses.
        """
        try:
            self._subscribe()
            self._set_up()
            self._enable_kinds()
            self._enable_calls()
        except CuptiError:
            self.close()
            raise

    def _subscribe(self) -> None:
        """Say that CUPTI is in use: other profilers then fail, rather than take the buffers."""
        handle = ctypes.c_void_p()
        status = self._library.status("cuptiSubscribe", ctypes.byref(handle), _SUBSCRIBER, None)
        if status == MULTIPLE_SUBSCRIBERS:
            raise self._library.error("cuptiSubscribe", status)
        if status == 0:
            self._undo.append(lambda: self._library.status("cuptiUnsubscribe", handle))

    def _set_up(self) -> None:
        library, one = self._library, ctypes.c_uint8(1)
        size = ctypes.c_size_t(ctypes.sizeof(one))
        library.status(
            "cuptiActivitySetAttribute", _ZEROED_BUFFERS, ctypes.byref(size), ctypes.byref(one)
        )
        library.status("cuptiSetThreadIdType", _SYSTEM_THREAD_ID)
        library.check("cuptiActivityRegisterCallbacks", route().requested, route().completed)
        self._option("cuptiActivityEnableLaunchAttributes", "launch attributes")
        if self._wanted.latency:
            self._option("cuptiActivityEnableLatencyTimestamps", "queued and submitted times")

    def _option(self, function: str, what: str) -> None:
        library = self._library
        if library.has(function) and library.status(function, ctypes.c_uint8(1)) == 0:
            self._undo.append(lambda: library.status(function, ctypes.c_uint8(0)))
        else:
            self.notes.append(f"This CUPTI does not collect {what}.")

    def _enable_kinds(self) -> None:
        for kind in _DUMPED:
            self._enable(kind, "cuptiActivityEnableAndDump")
        wanted = self._wanted
        kinds = [K.CONCURRENT_KERNEL, *_ALWAYS]
        if wanted.host_functions:
            kinds += [K.GRAPH_HOST_NODE, K.HOST_LAUNCH]
        if wanted.nvtx:
            kinds += [K.MARKER, K.MARKER_DATA]
        for kind in kinds:
            self._enable(kind, "cuptiActivityEnable")

    def _enable(self, kind: ActivityKind, function: str) -> None:
        status = self._library.status(function, int(kind))
        if status == 0:
            self._undo.append(lambda: self._library.status("cuptiActivityDisable", int(kind)))
        elif kind not in _OPTIONAL:
            raise self._library.error(f"{function}({kind.name})", status)
        elif kind not in (K.GRAPH_HOST_NODE, K.HOST_LAUNCH):  # unknown before 13.1
            self.notes.append(
                f"CUPTI did not collect {kind.name} records ({self._library.status_name(status)})."
            )

    def _enable_calls(self) -> None:
        if self._wanted.calls is Calls.NONE:
            return
        work = self._wanted.calls is Calls.WORK
        for domain in (CallbackDomain.RUNTIME_API, CallbackDomain.DRIVER_API):
            if not switch(self._library, domain, work=work):
                raise CuptiError(f"CUPTI does not trace the {domain.name}; update the driver")
            self._undo_calls.append(partial(switch_off, self._library, domain))

    def quiet(self) -> None:
        """Trace no more calls; what they issued is still traced."""
        while self._undo_calls:
            self._undo_calls.pop()()
        self._library.status("cuptiActivityDisable", int(K.SYNCHRONIZATION))

    def flush(self) -> int:
        """Have the buffers returned whose records are complete, full or not.

        CUPTI means this to be called every so often from a thread of its own; it waits for no work.

        Returns
        -------
        int
            Records that CUPTI dropped since this was last asked.
        """
        self._library.status("cuptiActivityFlushAll", 0)
        return self._dropped()

    def _dropped(self) -> int:
        dropped = ctypes.c_size_t(0)
        self._library.status("cuptiActivityGetNumDroppedRecords", None, 0, ctypes.byref(dropped))
        return dropped.value

    def close(self) -> int:
        """Switch off, and have every buffer returned.

        Returns
        -------
        int
            Records that CUPTI dropped since this was last asked.
        """
        library = self._library
        library.status("cuptiActivityFlushAll", 0)  # waits for activities that have ended
        while self._undo_calls or self._undo:
            (self._undo_calls or self._undo).pop()()
        library.status("cuptiActivityFlushAll", _FORCED)
        return self._dropped()
