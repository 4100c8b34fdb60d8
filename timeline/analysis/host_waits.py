"""Calls that made a host thread wait for the device, and what the device did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.idle import device_busy
from timeline.analysis.work import Work
from timeline.intervals import Int64, UnionIndex

__all__ = ["HostWaits", "host_waits"]

_SYNCHRONISATIONS = ("event_synchronize", "stream_synchronize", "device_synchronize")
_BLOCKING_ALLOCS = ("malloc", "free")
_PAGEABLE = "pageable_copy"


@dataclass(frozen=True, eq=False, slots=True)
class HostWaits:
    """Host spans of synchronisations, cudaMalloc and cudaFree, and copies of pageable memory.

    Attributes
    ----------
    kinds : tuple of str, length n
        ``event_synchronize``, ``stream_synchronize``, ``device_synchronize``, ``malloc``,
        ``free`` or ``pageable_copy``.
    threads : numpy.ndarray of int64, shape (n,)
        Host thread, -1 if not known.
    starts, ends : numpy.ndarray of int64, shape (n,)
        Of the call, ns.
    idle_ns : numpy.ndarray of int64, shape (n,)
        Part of it in which no engine of the device was busy.
    outstanding_ns : numpy.ndarray of int64, shape (n,)
        From the call's start until all activities that were issued before it had ended; 0 when none
        was left, or when one was still running after the call: then the call did not wait for it.
    """

    kinds: tuple[str, ...]
    threads: Int64
    starts: Int64
    ends: Int64
    idle_ns: Int64
    outstanding_ns: Int64

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def blocked_ns(self) -> Int64:
        """Length of each call, ns."""
        return np.asarray(self.ends - self.starts)


@dataclass(frozen=True, eq=False, slots=True)
class _Spans:
    kinds: list[str]
    threads: Int64
    starts: Int64
    ends: Int64
    issued: Int64


def host_waits(work: Work) -> HostWaits:
    """Calls that block the host thread and that start within the span of ``work``, by start."""
    parts = [
        _of_table(work, "syncs", _SYNCHRONISATIONS),
        _of_table(work, "allocs", _BLOCKING_ALLOCS),
        _pageable_copies(work),
    ]
    starts = np.concatenate([p.starts for p in parts])
    ends = np.concatenate([p.ends for p in parts])
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], ends[order]
    kinds = [kind for p in parts for kind in p.kinds]
    issued = np.concatenate([p.issued for p in parts])[order]
    busy = UnionIndex(*device_busy(work)).measures(starts, ends)
    return HostWaits(
        tuple(kinds[i] for i in order.tolist()),
        np.concatenate([p.threads for p in parts])[order],
        starts,
        ends,
        ends - starts - busy,
        _outstanding(work, starts, ends, issued),
    )


def _of_table(work: Work, table: str, wanted: tuple[str, ...]) -> _Spans:
    column = work.trace.column
    names = work.trace.names(table, "kind")
    codes = [code for code, name in enumerate(names) if name in wanted]
    kind, device = column(table, "kind"), column(table, "device")
    keep = np.isin(kind, codes) & ((device == work.device) | (device < 0))
    rows = _inside(work, np.flatnonzero(keep), column(table, "start"), column(table, "end"))
    return _Spans(
        [names[code] for code in kind[rows].tolist()],
        column(table, "thread")[rows],
        column(table, "start")[rows],
        column(table, "end")[rows],
        column(table, "correlation")[rows],
    )


def _inside(work: Work, rows: Int64, starts: Int64, ends: Int64) -> Int64:
    lo, hi = work.span
    keep = (starts[rows] >= lo) & (starts[rows] < hi) & (ends[rows] >= starts[rows])
    return np.asarray(rows[keep])


def _pageable_copies(work: Work) -> _Spans:
    """Calls that issued a copy with a pageable end."""
    copied = np.unique(work.column("correlation")[_touches_pageable(work)])
    column = work.trace.column
    calls = column("calls", "correlation")
    mine = np.flatnonzero(np.isin(calls, copied[copied >= 0]))
    rows = _inside(work, mine, column("calls", "start"), column("calls", "end"))
    return _Spans(
        [_PAGEABLE] * len(rows),
        column("calls", "thread")[rows],
        column("calls", "start")[rows],
        column("calls", "end")[rows],
        calls[rows],
    )


def _touches_pageable(work: Work) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(work.rows), np.bool_)
    for end in ("src_kind", "dst_kind"):
        names = work.trace.names("activities", end)
        if "pageable" in names:
            found |= work.column(end) == names.index("pageable")
    return found


def _outstanding(work: Work, starts: Int64, ends: Int64, issued: Int64) -> Int64:
    """See :class:`HostWaits`; 0 where the order of issue is not known."""
    by_issue = np.argsort(work.column("correlation"), kind="stable")
    activity_issued = work.column("correlation")[by_issue]
    none = np.iinfo(np.int64).min
    latest = np.concatenate(([none], np.maximum.accumulate(work.ends[by_issue])))
    before = np.searchsorted(activity_issued, issued)
    unknown = np.searchsorted(activity_issued, 0)
    last = np.where((issued >= 0) & (before > unknown), latest[before], none)
    return np.where((last > starts) & (last <= ends), last - starts, 0)
