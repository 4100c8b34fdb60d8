"""Figures of the kernels of one repeat: how many at once, how long, how soon after another."""

from __future__ import annotations

import numpy as np

from timeline.analysis.bounds import bound
from timeline.analysis.technique_figures import ALWAYS, AT_ONCE_NS, Measure, Repeat, ratio
from timeline.analysis.work import work_of
from timeline.intervals import Int64, Intervals, measure, union

__all__ = [
    "at_once",
    "busy_ns",
    "duration_ns",
    "following_ns",
    "longest_chain",
    "most_at_once",
    "queueing_ns",
    "sm_idle_ns",
    "span_ns",
    "step_ratio",
]

ANY = ".*"


def _kernels(repeat: Repeat, name: str = ANY) -> Intervals:
    return repeat.spans("activities", kind="kernel", name=name)


def busy_ns(repeat: Repeat) -> float:
    """``|B(kernels)|``, ns."""
    return float(measure(*union(*_kernels(repeat)))) or float("nan")


def span_ns(repeat: Repeat) -> float:
    """From the first kernel's start to the last one's end, ns."""
    return _span(repeat, ANY)


def _span(repeat: Repeat, name: str) -> float:
    start, end = _kernels(repeat, name)
    return float(end.max() - start.min()) if len(start) else float("nan")


def at_once(repeat: Repeat) -> float:
    """``Σ |kernel| / |B(kernels)|``: kernels that run while any does, whatever their streams."""
    start, end = _kernels(repeat)
    return ratio(float((end - start).sum()), measure(*union(start, end)))


def most_at_once(repeat: Repeat) -> float:
    """Most launches that have a block running at once, from stamps.

    What takes another's place starts at its end: :data:`AT_ONCE_NS` of each are left out.
    """
    start, end = _stamped(repeat)
    if not len(start):
        return float("nan")
    ended = np.searchsorted(np.sort(end - AT_ONCE_NS), np.sort(start), side="right")
    return float((np.arange(1, len(start) + 1) - ended).max())


def _stamped(repeat: Repeat) -> Intervals:
    """First stamp's start and last one's end of each launch."""
    rows = repeat.rows("stamps")
    launch, start, end = (
        repeat.trace.column("stamps", c)[rows] for c in ("correlation", "start", "end")
    )
    order = np.argsort(launch, kind="stable")
    first = np.flatnonzero(np.diff(launch[order], prepend=-1))
    if not len(first):
        return start, end
    starts: Int64 = np.minimum.reduceat(start[order], first)
    ends: Int64 = np.maximum.reduceat(end[order], first)
    return starts, ends


def duration_ns(name: str) -> Measure:
    """Median duration of the kernels of that name, ns."""

    def figure(repeat: Repeat) -> float:
        start, end = _kernels(repeat, name)
        return float(np.median(end - start)) if len(start) else float("nan")

    return figure


def step_ratio(step: str, other: str) -> Measure:
    """First start to last end of the kernels of one name, as a multiple of another's."""
    return lambda repeat: ratio(_span(repeat, step), _span(repeat, other))


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
    return span_ns(repeat) - busy_ns(repeat)
