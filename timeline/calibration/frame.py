"""Columns of a recording as the fits need them: activities beside the calls that issued them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.trace import Trace

__all__ = ["Activities", "Calls", "Frame", "running"]

Names = npt.NDArray[np.str_]

LAUNCHES = ("cuLaunchKernelEx", "cuLaunchKernel", "cudaLaunchKernel", "cudaLaunchKernelExC")
COPIES = ("cudaMemcpyAsync", "cudaMemcpyPeerAsync")
PLAIN = (*LAUNCHES, *COPIES, "cudaLaunchHostFunc")
"""Calls that put one activity into a stream and do nothing else."""


@dataclass(frozen=True, eq=False, slots=True)
class Calls:
    """Host calls by thread, then by time.

    Attributes
    ----------
    other : numpy.ndarray of int64
        Calls up to here, in this order, that are none of :data:`PLAIN`.
    """

    name: Names
    start: Int64
    end: Int64
    thread: Int64
    repeat: Int64
    correlation: Int64
    other: Int64


@dataclass(frozen=True, eq=False, slots=True)
class Activities:
    """Activities by device and stream, then by start.

    Attributes
    ----------
    kind : numpy.ndarray of str
        ``SM`` (kernels, fills, copies within the device), ``H2D``, ``D2H``, ``P2P``, ``HOST`` (host
        functions) or ``""``.
    call : numpy.ndarray of int64
        Row of the issuing call in :class:`Calls`; -1 where it isn't known.
    row : numpy.ndarray of int64
        Row in the trace's table.
    """

    kind: Names
    start: Int64
    end: Int64
    device: Int64
    stream: Int64
    repeat: Int64
    bytes: Int64
    copy: Names
    pageable: npt.NDArray[np.bool_]
    kernel: npt.NDArray[np.bool_]
    plain: npt.NDArray[np.bool_]
    call: Int64
    row: Int64


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A recording's calls and activities."""

    calls: Calls
    activities: Activities

    @classmethod
    def of(cls, trace: Trace) -> Frame:
        """Read the columns of a trace."""
        calls = _calls(trace)
        return cls(calls, _activities(trace, calls))


def running(starts: Int64, ends: Int64, begin: Int64, end: Int64) -> Int64:
    """How many of the intervals ``starts, ends`` have a part in each open span (begin, end)."""
    before = np.searchsorted(np.sort(starts), end, side="left")
    over = np.searchsorted(np.sort(ends), begin, side="right")
    found: Int64 = before - over
    return found


def _texts(trace: Trace, table: str, column: str) -> Names:
    codes = trace.column(table, column)
    names = np.array([*trace.names(table, column), ""], dtype=np.str_)
    texts: Names = names[codes]
    return texts


def _repeats(trace: Trace, times: Int64) -> Int64:
    """The repeat that each time lies in; -1 outside of all. One repeat where none are told."""
    spans = trace.meta.repeats
    if not spans:
        return np.zeros(len(times), np.int64)
    begins = np.array([begin for begin, _ in spans], np.int64)
    ends = np.array([end for _, end in spans], np.int64)
    found = np.searchsorted(begins, times, side="right") - 1
    inside = (found >= 0) & (times < ends[np.maximum(found, 0)])
    return np.where(inside, found, -1).astype(np.int64)


def _calls(trace: Trace) -> Calls:
    start, thread = trace.column("calls", "start"), trace.column("calls", "thread")
    order = np.lexsort((start, thread))
    name = _texts(trace, "calls", "name")[order]
    other = np.cumsum(~np.isin(name, PLAIN))
    return Calls(
        name,
        start[order],
        trace.column("calls", "end")[order],
        thread[order],
        _repeats(trace, start)[order],
        trace.column("calls", "correlation")[order],
        other.astype(np.int64),
    )


def _activities(trace: Trace, calls: Calls) -> Activities:
    def column(name: str) -> npt.NDArray[np.int64]:
        return trace.column("activities", name)

    start = column("start")
    order = np.lexsort((start, column("stream"), column("device")))
    kind = _texts(trace, "activities", "kind")
    copy = _texts(trace, "activities", "copy_kind")
    engine = np.where(copy == "HtoD", "H2D", np.where(copy == "DtoH", "D2H", ""))
    engine = np.where(copy == "PtoP", "P2P", engine)
    on_sms = np.isin(kind, ("kernel", "memset")) | (copy == "DtoD")
    engine = np.where(kind == "host_func", "HOST", engine)
    memory = (_texts(trace, "activities", c) == "pageable" for c in ("src_kind", "dst_kind"))
    kernel = kind == "kernel"
    single = (column("graph") <= 0) & ~trace.column("activities", "pdl")
    return Activities(
        np.where(on_sms, "SM", engine)[order],
        start[order],
        column("end")[order],
        column("device")[order],
        column("stream")[order],
        _repeats(trace, start)[order],
        column("bytes")[order],
        np.where(kind == "memset", "memset", copy)[order],
        np.logical_or(*memory)[order],
        kernel[order],
        single[order],
        _rows_of(calls.correlation, column("correlation")[order]),
        order.astype(np.int64),
    )


def _rows_of(known: Int64, wanted: Int64) -> Int64:
    """Row of each of ``wanted`` in ``known``; -1 where it isn't there."""
    if not len(known):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
    rows = order[place]
    return np.where((known[rows] == wanted) & (wanted >= 0), rows, -1).astype(np.int64)
