"""Figures of the kernels of one repeat: how many at once, how long, how soon after another."""

from __future__ import annotations

import numpy as np

from timeline.analysis.bounds import bound
from timeline.analysis.technique_figures import ALWAYS, Measure, Repeat, ratio
from timeline.analysis.work import work_of
from timeline.intervals import Intervals, measure, union

__all__ = [
    "at_once",
    "busy_ns",
    "duration_ns",
    "following_ns",
    "longest_chain",
    "most_at_once",
    "queueing_ns",
    "sm_idle_ns",
    "step_ratio",
]

EDGE_NS = 5_000
"""Left out at either end of a kernel when kernels at once are counted: one that takes another's
place starts within about 1 µs of its end, and times may be off by as much."""

ANY = ".*"


def _kernels(repeat: Repeat, name: str = ANY) -> Intervals:
    return repeat.spans("activities", kind="kernel", name=name)


def busy_ns(repeat: Repeat) -> float:
    """``|B(kernels)|``, ns."""
    return float(measure(*union(*_kernels(repeat)))) or float("nan")


def at_once(repeat: Repeat) -> float:
    """``Σ |kernel| / |B(kernels)|``: kernels that run while any does, whatever their streams."""
    start, end = _kernels(repeat)
    return ratio(float((end - start).sum()), measure(*union(start, end)))


def most_at_once(repeat: Repeat) -> float:
    """Most kernels that run at once, :data:`EDGE_NS` from either end of each left out."""
    start, end = _kernels(repeat)
    inner = end - start > 2 * EDGE_NS
    if not inner.any():
        return float("nan")
    begins, ends = np.sort(start[inner] + EDGE_NS), np.sort(end[inner] - EDGE_NS)
    ended = np.searchsorted(ends, begins, side="right")
    return float((np.arange(1, len(begins) + 1) - ended).max())


def duration_ns(name: str) -> Measure:
    """Median duration of the kernels of that name, ns."""

    def figure(repeat: Repeat) -> float:
        start, end = _kernels(repeat, name)
        return float(np.median(end - start)) if len(start) else float("nan")

    return figure


def step_ratio(step: str, other: str) -> Measure:
    """First start to last end of the kernels of one name, as a multiple of another's."""

    def span(repeat: Repeat, name: str) -> float:
        start, end = _kernels(repeat, name)
        return float(end.max() - start.min()) if len(start) else float("nan")

    return lambda repeat: ratio(span(repeat, step), span(repeat, other))


def following_ns(name: str) -> Measure:
    """Median gap between a kernel and the next of the same name, ns."""

    def figure(repeat: Repeat) -> float:
        start, end = _kernels(repeat, name)
        return float(np.median(start[1:] - end[:-1])) if len(start) > 1 else float("nan")

    return figure


def queueing_ns(ready: str, name: str) -> Measure:
    """Median of: first block's start of a kernel less end of what made it ready, ns.

    The start is that of the first in-kernel stamp: it tells when a block ran, whatever a collector
    calls the start of a kernel that had no place yet.
    """

    def figure(repeat: Repeat) -> float:
        rows = repeat.rows("activities", kind="kernel", name=name)
        _, ended = _kernels(repeat, ready)
        launches = repeat.trace.column("activities", "correlation")[rows]
        stamped = repeat.rows("stamps")
        launch = repeat.trace.column("stamps", "correlation")[stamped]
        start = repeat.trace.column("stamps", "start")[stamped]
        if not len(launches) or len(ended) != len(launches) or not np.isin(launches, launch).all():
            return float("nan")
        first = np.sort([start[launch == one].min() for one in launches])
        return float(np.median(first - ended))

    return figure


def longest_chain(repeat: Repeat) -> float:
    """Longest chain through all the order that was issued, as a share of the makespan."""
    span = (repeat.begin, repeat.end)
    index = None if span == ALWAYS else repeat.trace.meta.repeats.index(span)
    found = bound(work_of(repeat.trace, 0, repeat=index))
    chain = found.issued_path_ns
    return float("nan") if chain is None else ratio(chain, found.makespan_ns)


def sm_idle_ns(repeat: Repeat) -> float:
    """Time between the first kernel and the last in which no kernel ran, ns."""
    start, end = _kernels(repeat)
    if not len(start):
        return float("nan")
    return float(end.max() - start.min() - measure(*union(start, end)))
