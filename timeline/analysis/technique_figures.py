"""Figures of one repeat of a technique's trace, for the checks of what it must show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from timeline.intervals import Intervals, intersect, measure, union
from timeline.trace import Trace

__all__ = [
    "AT_ONCE_NS",
    "Measure",
    "Repeat",
    "beside",
    "blocked_while_issuing",
    "calls_ns",
    "calls_share",
    "concurrency",
    "efficiency",
    "fast_gap",
    "gap",
    "hidden_copies",
    "host_beside",
    "over_repeats",
    "prologue_beside_epilogue",
    "ratio",
    "shared_sms",
    "three_at_once",
    "wait_after_primary",
]

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

AT_ONCE_NS = 64
"""Two steps of ``%globaltimer`` on an H200: stamps closer than that count as one moment."""

ALWAYS = (-(2**62), 2**62)
"""The span of a trace that names no repeats."""

COPIES = "H2D|D2H"


@dataclass(frozen=True, slots=True)
class Repeat:
    """What started in one repeat of a trace."""

    trace: Trace
    begin: int
    end: int

    def rows(self, table: str, **where: str) -> Bools:
        """Rows of this repeat whose dictionary columns have these values."""
        start = self.trace.column(table, "start")
        found: Bools = (start >= self.begin) & (start < self.end)
        for column, pattern in where.items():
            names = self.trace.names(table, column)
            codes = [i for i, name in enumerate(names) if re.fullmatch(pattern, name)]
            found &= np.isin(self.trace.column(table, column), codes)
        return found

    def spans(self, table: str, **where: str) -> Intervals:
        """Starts and ends of those rows, in order of start."""
        rows = self.rows(table, **where)
        start = self.trace.column(table, "start")[rows]
        order = np.argsort(start, kind="stable")
        return start[order], self.trace.column(table, "end")[rows][order]

    def busy(self, table: str, **where: str) -> Intervals:
        """Union of those rows."""
        return union(*self.spans(table, **where))

    @property
    def makespan(self) -> int:
        """From the first activity's start to the last one's end, ns."""
        start, end = self.spans("activities")
        return int(end.max() - start.min()) if len(start) else 0


Measure = Callable[[Repeat], float]


def over_repeats(trace: Trace, figure: Measure) -> float:
    """Median of a figure over the repeats of a trace; NaN when there is no activity."""
    repeats = trace.meta.repeats or (ALWAYS,)
    found = [Repeat(trace, *span) for span in repeats]
    values = [figure(repeat) for repeat in found if repeat.makespan]
    return median(values) if values else float("nan")


def ratio(part: float, whole: float) -> float:
    """``part / whole``; NaN, which holds for no check, when there is no whole."""
    return part / whole if whole else float("nan")


def both(a: Intervals, b: Intervals) -> int:
    """Ns in both unions."""
    return measure(*intersect(*a, *b))


def hidden_copies(repeat: Repeat) -> float:
    """``|B(copies) ∩ B(SM)| / |B(copies)|``."""
    copies = repeat.busy("activities", engine=COPIES)
    return ratio(both(copies, repeat.busy("activities", engine="SM")), measure(*copies))


def three_at_once(repeat: Repeat) -> float:
    """``|B(H2D) ∩ B(SM) ∩ B(D2H)| / makespan``."""
    h2d, sm, d2h = (repeat.busy("activities", engine=e) for e in ("H2D", "SM", "D2H"))
    return ratio(both(intersect(*h2d, *sm), d2h), repeat.makespan)


def efficiency(repeat: Repeat) -> float:
    """``max |B(engine)| / makespan``: the pipeline efficiency, or less if its bound is higher."""
    busy = [measure(*repeat.busy("activities", engine=e)) for e in ("H2D", "SM", "D2H")]
    return ratio(max(busy), repeat.makespan)


def concurrency(repeat: Repeat) -> float:
    """``Σ |B(kernels of a stream)| / |B(kernels)|``: streams that run a kernel while any does."""
    kernels = repeat.rows("activities", kind="kernel")
    start, end, stream = (
        repeat.trace.column("activities", column)[kernels] for column in ("start", "end", "stream")
    )
    of_streams = (union(start[stream == s], end[stream == s]) for s in np.unique(stream))
    return ratio(sum(measure(*spans) for spans in of_streams), measure(*union(start, end)))


def shared_sms(repeat: Repeat) -> float:
    """SMs on which blocks of two kernels were at the same time, from stamps."""
    rows = repeat.rows("stamps", role="body")
    if not rows.any():
        return float("nan")
    start, end, sm, launch = (
        repeat.trace.column("stamps", c)[rows] for c in ("start", "end", "sm", "correlation")
    )
    return float(sum(_shared(*(x[sm == s] for x in (start, end, launch))) for s in np.unique(sm)))


def _shared(start: Int64, end: Int64, launch: Int64) -> bool:
    unions = [union(start[launch == c], end[launch == c]) for c in np.unique(launch)]
    alone = sum(measure(*spans) for spans in unions)
    return alone > measure(*union(start, end)) + AT_ONCE_NS * len(unions)


def host_beside(repeat: Repeat) -> float:
    """Share of the host's own work during which a kernel ran."""
    host = repeat.busy("ranges", category="host_work")
    return ratio(both(host, repeat.busy("activities", engine="SM")), measure(*host))


def calls_ns(name: str) -> Measure:
    """Ns that host threads spent in calls of that name, whatever the suffix of its version."""
    return lambda repeat: measure(*repeat.busy("calls", name=f"({name})(_v\\d+)?"))


def calls_share(name: str) -> Measure:
    """That time as a share of the makespan."""
    return lambda repeat: ratio(calls_ns(name)(repeat), repeat.makespan)


def fast_gap(repeat: Repeat) -> float:
    """From the end of the fast stream's first kernel to the start of its second, ns."""
    start, end = repeat.spans("activities", name="ker_fast")
    return float(start[1] - end[0]) if len(start) > 1 else float("nan")


def beside(name: str, others: str) -> Measure:
    """Share of a kernel's time during which one of the others ran."""

    def figure(repeat: Repeat) -> float:
        mine = repeat.busy("activities", name=name)
        return ratio(both(mine, repeat.busy("activities", name=others)), measure(*mine))

    return figure


def gap(first: str, second: str) -> Measure:
    """Median over the pairs of: start of the second kernel less end of the first, ns."""

    def figure(repeat: Repeat) -> float:
        _, end = repeat.spans("activities", name=first)
        start, _ = repeat.spans("activities", name=second)
        return float(np.median(start - end)) if len(end) == len(start) > 0 else float("nan")

    return figure


def blocked_while_issuing(repeat: Repeat) -> float:
    """Share of the phase ``issue`` that the host spent in synchronisation."""
    issue = repeat.busy("ranges", name="issue")
    waits = repeat.busy("syncs", kind="(device|stream|event)_synchronize")
    return ratio(both(issue, waits), measure(*issue))


def prologue_beside_epilogue(repeat: Repeat) -> float:
    """``|prologues ∩ epilogues| / |prologues|``, from stamps."""
    prologue = repeat.busy("stamps", role="prologue")
    return ratio(both(prologue, repeat.busy("stamps", role="epilogue")), measure(*prologue))


def wait_after_primary(repeat: Repeat) -> float:
    """Least ns, over pairs, from the primary's last stamp to the first return of the wait."""
    ends = _by_launch(repeat, "epilogue", np.maximum)
    waits = _by_launch(repeat, "wait", np.minimum)
    return float((waits - ends).min()) if len(ends) == len(waits) > 0 else float("nan")


def _by_launch(repeat: Repeat, role: str, reduce: np.ufunc) -> Int64:
    """The latest or earliest end of a role's stamps, launch by launch, in order of time."""
    rows = repeat.rows("stamps", role=role)
    end = repeat.trace.column("stamps", "end")[rows]
    launch = repeat.trace.column("stamps", "correlation")[rows]
    if not len(end):
        return end
    order = np.argsort(launch, kind="stable")
    first = np.flatnonzero(np.r_[True, np.diff(launch[order]) != 0])
    found: Int64 = np.sort(reduce.reduceat(end[order], first))
    return found
