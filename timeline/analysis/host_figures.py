"""Figures of what the host did in one repeat: calls, waits, and functions in streams."""

from __future__ import annotations

import numpy as np

from timeline.analysis.technique_figures import Measure, Repeat, both, ratio
from timeline.intervals import Int64, measure

__all__ = ["after_function_ns", "before_function_ns", "issuing_ns", "waiting"]

ISSUE = "issue"
"""The range in which a technique issues what it compares."""


def issuing_ns(repeat: Repeat) -> float:
    """Ns that the host spent in calls of the phase ``issue``: what issuing costs, Python apart."""
    phase, calls = repeat.busy("ranges", name=ISSUE), repeat.busy("calls")
    return float(both(phase, calls)) or float("nan")


def waiting(name: str) -> Measure:
    """Share of the phase ``issue`` that the host spent in ranges of that name."""

    def figure(repeat: Repeat) -> float:
        phase = repeat.busy("ranges", name=ISSUE)
        return ratio(both(phase, repeat.busy("ranges", name=name)), measure(*phase))

    return figure


def before_function_ns(repeat: Repeat) -> float:
    """Least ns, over host functions, from the end of what precedes one in its stream."""
    return _least(_neighbours(repeat)[0])


def after_function_ns(repeat: Repeat) -> float:
    """Least ns, over host functions, from its end to what follows in its stream."""
    return _least(_neighbours(repeat)[1])


def _least(gaps: Int64) -> float:
    return float(gaps.min()) if len(gaps) else float("nan")


def _neighbours(repeat: Repeat) -> tuple[Int64, Int64]:
    """Gaps before and after each host function, in order of issue within its stream.

    Order of start: a stream runs in the order of issue, so a function that ran out of turn would
    have a gap below 0 on one side.
    """
    rows = np.flatnonzero(repeat.rows("activities"))
    columns = ("stream", "start", "end")
    stream, start, end = (repeat.trace.column("activities", c)[rows] for c in columns)
    function = repeat.rows("activities", kind="host_func")[rows]
    order = np.lexsort((start, stream))
    same = stream[order][1:] == stream[order][:-1]
    gap = start[order][1:] - end[order][:-1]
    is_function = function[order]
    return gap[same & is_function[1:]], gap[same & is_function[:-1]]
