"""Where in the program something was asked for: NVTX range, API call, name of the activity."""

from __future__ import annotations

import numpy as np

from timeline.analysis.matching import pair_codes
from timeline.findings.case import Case
from timeline.findings.model import Site
from timeline.intervals import Int64

__all__ = ["call_sites", "calls_by_correlation", "calls_of"]

_NONE = -1


def calls_of(case: Case, rows: Int64) -> Int64:
    """Row of ``trace.calls`` that issued each of these ``trace.activities``, or -1."""
    place = np.searchsorted(case.work.rows, rows)
    calls = case.execution.calls
    issued = np.where(rows >= 0, calls.issued[np.minimum(place, len(calls.issued) - 1)], _NONE)
    known = np.concatenate((calls.rows, [_NONE]))
    return np.asarray(known[issued])


def calls_by_correlation(case: Case, correlations: Int64, processes: Int64) -> Int64:
    """Row of ``trace.calls`` with each correlation id, in that process where it is known, or -1."""
    column = case.work.trace.column
    known, wanted = pair_codes(
        (column("calls", "process"), column("calls", "correlation")), (processes, correlations)
    )
    if not len(known):
        return np.full(len(wanted), _NONE)
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known, wanted, sorter=order), len(order) - 1)
    return np.where((known[order[at]] == wanted) & (correlations >= 0), order[at], _NONE)


def call_sites(case: Case, rows: Int64, calls: Int64, weights: Int64, most: int) -> list[Site]:
    """Places of occurrences, the costliest ``most`` first.

    Parameters
    ----------
    rows, calls : numpy.ndarray of int64, shape (n,)
        Rows of ``trace.activities`` and of ``trace.calls``, -1 for none.
    weights : numpy.ndarray of int64, shape (n,)
        What each cost, ns.
    """
    ranges = _Ranges(case)
    found: dict[tuple[str, str, str], list[int]] = {}
    for row, call, ns in zip(rows.tolist(), calls.tolist(), weights.tolist(), strict=True):
        name = _name(case, "activities", row)
        key = (ranges.innermost(call), _name(case, "calls", call), name)
        total = found.setdefault(key, [0, 0])
        total[0] += 1
        total[1] += ns
    sites = [Site(*key, count, ns) for key, (count, ns) in found.items()]
    return sorted(sites, key=lambda site: -site.ns)[:most]


def _name(case: Case, table: str, row: int) -> str:
    code = int(case.work.trace.column(table, "name")[row]) if row >= 0 else _NONE
    return case.work.trace.names(table, "name")[code] if code >= 0 else ""


class _Ranges:
    """The NVTX ranges of host threads; marks, which have no length, are left out."""

    def __init__(self, case: Case) -> None:
        trace = self._trace = case.work.trace
        self._names = trace.names("ranges", "name")
        start, end = trace.column("ranges", "start"), trace.column("ranges", "end")
        self._rows = np.flatnonzero(end > start)
        self._start, self._end = start[self._rows], end[self._rows]
        self._owner = [trace.column("ranges", n)[self._rows] for n in ("process", "thread")]

    def innermost(self, call: int) -> str:
        """The range of its thread that a call was made in and that began last, or ""."""
        if call < 0 or not len(self._rows):
            return ""
        at = int(self._trace.column("calls", "start")[call])
        inside = (self._start <= at) & (self._end > at)
        for owner, name in zip(self._owner, ("process", "thread"), strict=True):
            asked = int(self._trace.column("calls", name)[call])
            inside &= (owner == asked) | (owner < 0) | (asked < 0)
        places = np.flatnonzero(inside)
        if not len(places):
            return ""
        last = places[np.lexsort((-self._end[places], self._start[places]))[-1]]
        code = int(self._trace.column("ranges", "name")[self._rows[last]])
        return self._names[code] if code >= 0 else ""
