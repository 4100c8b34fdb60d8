"""Calls that made a host thread wait for the device, and what the device did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from timeline.analysis.idle import device_busy
from timeline.analysis.sync_scope import last_to_end, records_of, stream_numbers
from timeline.analysis.work import Work
from timeline.intervals import Int64, UnionIndex

__all__ = ["HostWaits", "host_waits", "touches_pageable"]

_SYNCHRONISATIONS = ("event_synchronize", "stream_synchronize", "device_synchronize")
_BLOCKING_ALLOCS = ("malloc", "free")
_PAGEABLE = "pageable_copy"
_NO_CALL = 0
"""Correlation id of allocations that no call of the program made: what loading a module takes."""


@dataclass(frozen=True, eq=False, slots=True)
class HostWaits:
    """Host spans of synchronisations, cudaMalloc and cudaFree, and copies of pageable memory.

    Attributes
    ----------
    kinds : tuple of str, length n
        ``event_synchronize``, ``stream_synchronize``, ``device_synchronize``, ``malloc``,
        ``free``, ``host_alloc`` (``cudaHostAlloc``, which pins pages and waits for no device) or
        ``pageable_copy``.
    threads : numpy.ndarray of int64, shape (n,)
        Host thread, -1 if not known.
    starts, ends : numpy.ndarray of int64, shape (n,)
        Of the call, ns.
    idle_ns : numpy.ndarray of int64, shape (n,)
        Part of it in which no engine of the device was busy.
    outstanding_ns : numpy.ndarray of int64, shape (n,)
        From the call's start until all activities that were issued before it had ended; 0 when none
        was left, or when one was still running after the call: then the call did not wait for it.
        Of ``stream_synchronize`` only the activities of its stream count, of ``event_synchronize``
        those that the event was recorded after in its stream; where that is not known, those of
        all streams.
    waited_for : numpy.ndarray of int64, shape (n,)
        Place in the Work of the activity whose end that was, or -1.
    processes, correlations : numpy.ndarray of int64, shape (n,)
        Of the call, -1 if not known.
    """

    kinds: tuple[str, ...]
    threads: Int64
    starts: Int64
    ends: Int64
    idle_ns: Int64
    outstanding_ns: Int64
    waited_for: Int64
    processes: Int64
    correlations: Int64

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
    processes: Int64
    correlations: Int64
    starts: Int64
    ends: Int64
    issued: Int64
    """Correlation id: what was issued before it is waited for."""
    streams: Int64
    """Number in ``Work.stream_codes`` of the one stream that is waited for; -1: of none, or all."""
    devices: Int64
    """Whose streams are waited for; -1: not known."""


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
    streams = np.concatenate([p.streams for p in parts])[order]
    devices = np.concatenate([p.devices for p in parts])[order]
    busy = UnionIndex(*device_busy(work)).measures(starts, ends)
    last = _waited_for(work, starts, ends, issued, streams, devices)
    return HostWaits(
        tuple(kinds[i] for i in order.tolist()),
        np.concatenate([p.threads for p in parts])[order],
        starts,
        ends,
        ends - starts - busy,
        np.where(last >= 0, _ends_of(work, last) - starts, 0),
        last,
        np.concatenate([p.processes for p in parts])[order],
        np.concatenate([p.correlations for p in parts])[order],
    )


def _of_table(work: Work, table: str, wanted: tuple[str, ...]) -> _Spans:
    column = work.trace.column
    names = work.trace.names(table, "kind")
    codes = [code for code, name in enumerate(names) if name in wanted]
    kind, device = column(table, "kind"), column(table, "device")
    keep = np.isin(kind, codes) & work.concerns(device)
    keep &= column(table, "correlation") != _NO_CALL
    rows = _inside(work, np.flatnonzero(keep), column(table, "start"), column(table, "end"))
    found = [names[code] for code in kind[rows].tolist()]
    spans = _Spans(
        _alloc_kinds(work, rows, found) if table == "allocs" else found,
        column(table, "thread")[rows],
        column(table, "process")[rows],
        column(table, "correlation")[rows],
        column(table, "start")[rows],
        column(table, "end")[rows],
        column(table, "correlation")[rows],
        np.full(len(rows), -1),
        device[rows],
    )
    return _of_streams(work, rows, spans) if table == "syncs" else spans


def _alloc_kinds(work: Work, rows: Int64, kinds: list[str]) -> list[str]:
    """Pinned memory of the host told from memory of the device."""
    words = work.trace.names("allocs", "memory_kind")
    pinned = words.index("pinned") if "pinned" in words else -2
    memory = work.trace.column("allocs", "memory_kind")[rows].tolist()
    return [
        "host_alloc" if kind == "malloc" and code == pinned else kind
        for kind, code in zip(kinds, memory, strict=True)
    ]


def _of_streams(work: Work, rows: Int64, found: _Spans) -> _Spans:
    """Narrowed to the streams that these ``syncs`` wait for, and to what an event follows."""
    column = work.trace.column
    streams, issued = stream_numbers(work, "syncs", rows), found.issued.copy()
    record = records_of(work, rows)
    known = (np.array(found.kinds) == "event_synchronize") & (record >= 0)
    streams[known] = stream_numbers(work, "events", record[known])
    issued[known] = column("events", "correlation")[record[known]]
    return replace(found, streams=streams, issued=issued)


def _inside(work: Work, rows: Int64, starts: Int64, ends: Int64) -> Int64:
    lo, hi = work.span
    keep = (starts[rows] >= lo) & (starts[rows] < hi) & (ends[rows] >= starts[rows])
    return np.asarray(rows[keep])


def _pageable_copies(work: Work) -> _Spans:
    """Calls that issued a copy with a pageable end."""
    copied = np.unique(work.column("correlation")[touches_pageable(work)])
    column = work.trace.column
    calls = column("calls", "correlation")
    mine = np.flatnonzero(np.isin(calls, copied[copied >= 0]))
    rows = _inside(work, mine, column("calls", "start"), column("calls", "end"))
    return _Spans(
        [_PAGEABLE] * len(rows),
        column("calls", "thread")[rows],
        column("calls", "process")[rows],
        calls[rows],
        column("calls", "start")[rows],
        column("calls", "end")[rows],
        calls[rows],
        np.full(len(rows), -1),
        np.full(len(rows), -1),
    )


def touches_pageable(work: Work) -> npt.NDArray[np.bool_]:
    """Whether each activity is a copy with a pageable end; shape (n,)."""
    found = np.zeros(len(work.rows), np.bool_)
    for end in ("src_kind", "dst_kind"):
        names = work.trace.names("activities", end)
        if "pageable" in names:
            found |= work.column(end) == names.index("pageable")
    return found


def _waited_for(
    work: Work, starts: Int64, ends: Int64, issued: Int64, streams: Int64, devices: Int64
) -> Int64:
    """Of what was issued before each call, what ended last and during it; or -1."""
    last = np.full(len(starts), -1, np.int64)
    activity_issued, opens = work.column("correlation"), np.flatnonzero(work.opens_stream)
    in_stream = np.split(work.by_stream, opens[1:])
    of_device = {part.device: at for part, at in zip(work.parts, work.places, strict=True)}
    every = np.arange(len(work.rows))
    asked = np.where(streams >= 0, streams, -2 - devices)  # all streams of a device: below 0
    for each in np.unique(asked).tolist():
        places = in_stream[each] if each >= 0 else of_device.get(-2 - each, every)
        mine = asked == each
        found = last_to_end(activity_issued[places], work.ends[places], issued[mine])
        last[mine] = np.where(found >= 0, places[found], -1) if len(places) else -1
    until = _ends_of(work, last)
    return np.where((until > starts) & (until <= ends), last, -1)


def _ends_of(work: Work, places: Int64) -> Int64:
    """Ends of activities; the earliest of times for -1."""
    ends = np.concatenate((work.ends, [np.iinfo(np.int64).min]))
    return np.asarray(ends[places])
