"""Calls of the host threads, what each did, and which activity let a blocking one return."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.host_waits import HostWaits, host_waits
from timeline.analysis.matching import pair_codes
from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["ALLOCATION", "COPY", "ISSUE", "SYNC", "HostCalls", "host_calls"]

ISSUE, COPY, ALLOCATION, SYNC = range(4)
"""What a call does to its thread: it issues; waits for a copy; allocates; synchronises."""

_KINDS = {"malloc": ALLOCATION, "free": ALLOCATION, "host_alloc": ALLOCATION, "pageable_copy": COPY}
_BLOCKING_COPY = re.compile(r"cu(da)?Memcpy(?!.*Async)")
_NONE = -1


@dataclass(frozen=True, eq=False, slots=True)
class HostCalls:
    """Outermost calls of the host threads in the span of a Work, thread after thread.

    Attributes
    ----------
    starts, ends : numpy.ndarray of int64, shape (m,)
        Of each call, ns.
    rows : numpy.ndarray of int64, shape (m,)
        Row of ``trace.calls``, or -1 of a wait that has none.
    kinds : numpy.ndarray of int8, shape (m,)
        :data:`ISSUE`, :data:`COPY`, :data:`ALLOCATION` or :data:`SYNC`.
    before : numpy.ndarray of int64, shape (m,)
        The call before it in its thread, or -1.
    waited_for : numpy.ndarray of int64, shape (m,)
        Place in the Work of the activity whose end let the call return, or -1 for none.
    issued : numpy.ndarray of int64, shape (n,)
        For each activity of the Work the call that issued it, or -1.
    """

    starts: Int64
    ends: Int64
    rows: Int64
    kinds: npt.NDArray[np.int8]
    before: Int64
    waited_for: Int64
    issued: Int64

    def __len__(self) -> int:
        return len(self.starts)


def host_calls(work: Work) -> HostCalls:
    """The calls of a Work; empty when the trace has none."""
    column = work.trace.column
    lo, hi = work.span
    rows = np.flatnonzero((column("calls", "start") < hi) & (column("calls", "end") > lo))
    waits = host_waits(work)
    mine, activities, waiting = pair_codes(
        (column("calls", "process")[rows], column("calls", "correlation")[rows]),
        (work.column("process"), work.column("correlation")),
        (waits.processes, waits.correlations),
    )
    issued = _place(mine, activities, work.column("correlation") >= 0)
    at = _place(mine, waiting, waits.correlations >= 0)
    kinds, waited_for = np.zeros(len(rows), np.int8), np.full(len(rows), _NONE, np.int64)
    wait_kinds = np.array([_KINDS.get(kind, SYNC) for kind in waits.kinds], np.int8)
    kinds[at[at >= 0]], waited_for[at[at >= 0]] = wait_kinds[at >= 0], waits.waited_for[at >= 0]
    _copies(work, rows, issued, kinds, waited_for)
    alone = at < 0
    return _ordered(
        np.concatenate((column("calls", "start")[rows], waits.starts[alone])),
        np.concatenate((column("calls", "end")[rows], waits.ends[alone])),
        np.concatenate((rows, np.full(int(alone.sum()), _NONE))),
        np.concatenate((kinds, wait_kinds[alone])),
        np.concatenate((waited_for, waits.waited_for[alone])),
        _threads(work, rows, waits, alone),
        issued,
    )


def _place(codes: Int64, wanted: Int64, known: npt.NDArray[np.bool_]) -> Int64:
    """Place of the first of ``codes`` that equals each wanted one, or -1."""
    if not len(codes):
        return np.full(len(wanted), _NONE, np.int64)
    order = np.argsort(codes, kind="stable")
    at = np.minimum(np.searchsorted(codes, wanted, sorter=order), len(order) - 1)
    return np.where((codes[order[at]] == wanted) & known, order[at], _NONE)


def _copies(
    work: Work, rows: Int64, issued: Int64, kinds: npt.NDArray[np.int8], waited_for: Int64
) -> None:
    """Mark calls that copied and waited; what they waited for is their own copy, if it ended."""
    words = work.trace.names("calls", "name")
    codes = [code for code, name in enumerate(words) if _BLOCKING_COPY.match(name)]
    named = np.isin(work.trace.column("calls", "name")[rows], codes)
    kinds[named & (kinds == ISSUE)] = COPY
    own = np.flatnonzero(issued >= 0)
    call = issued[own]
    until = work.trace.column("calls", "end")[rows][call]
    own = own[(kinds[call] == COPY) & (work.ends[own] <= until)]
    waited_for[issued[own]] = own


def _threads(work: Work, rows: Int64, waits: HostWaits, alone: npt.NDArray[np.bool_]) -> Int64:
    column = work.trace.column
    return np.concatenate(
        pair_codes(
            (column("calls", "process")[rows], column("calls", "thread")[rows]),
            (waits.processes[alone], waits.threads[alone]),
        )
    )


def _ordered(
    starts: Int64,
    ends: Int64,
    rows: Int64,
    kinds: npt.NDArray[np.int8],
    waited_for: Int64,
    threads: Int64,
    issued: Int64,
) -> HostCalls:
    """The outermost calls, thread after thread; an inner one counts as the one around it."""
    order = np.lexsort((-ends, ends > starts, starts, threads))  # empty ones lie in no other
    outer = _outermost(starts[order], ends[order], threads[order])
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(outer) - 1
    chosen = order[outer]
    joined_kinds, joined_waits = kinds[chosen].copy(), waited_for[chosen].copy()
    np.maximum.at(joined_kinds, place, kinds)
    inner = (waited_for >= 0) & (waited_for[chosen][place] < 0)
    joined_waits[place[inner]] = waited_for[inner]
    same = threads[chosen][1:] == threads[chosen][:-1]
    before = np.arange(-1, len(chosen) - 1)
    before[1:][~same] = _NONE
    known = issued >= 0
    by_call = np.full(len(issued), _NONE, np.int64)
    by_call[known] = place[issued[known]]
    return HostCalls(
        starts[chosen], ends[chosen], rows[chosen], joined_kinds, before, joined_waits, by_call
    )


def _outermost(starts: Int64, ends: Int64, threads: Int64) -> npt.NDArray[np.bool_]:
    """Which spans, sorted by thread and start, lie in no other span of their thread."""
    if not len(starts):
        return np.zeros(0, np.bool_)
    shift = threads * (int(ends.max()) - int(starts.min()) + 1)
    reach = np.maximum.accumulate(ends + shift)
    outer = np.ones(len(starts), np.bool_)
    outer[1:] = (starts + shift)[1:] >= reach[:-1]
    return outer
