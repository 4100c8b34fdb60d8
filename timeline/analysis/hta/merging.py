"""How HTA adds up kernels: its merging of intervals and its sweep over two sets of them."""

from __future__ import annotations

import numpy as np

from timeline.analysis.hta.figures import Figures
from timeline.analysis.hta.rows import COMMUNICATION, COMPUTATION, GpuRows
from timeline.intervals import Int64, Intervals, intersect, measure, union

__all__ = ["as_hta", "by_chance_us", "exactly"]

_NS = 1000


def exactly(rows: GpuRows) -> Figures:
    """The figures by exact unions."""
    if not len(rows.starts):
        return Figures(0, 0, 0, 0, 0)
    whole = int(rows.ends.max()) - int(rows.starts.min())
    busy = union(rows.starts, rows.ends)
    computing, talking = (
        union(rows.starts[mine], rows.ends[mine])
        for mine in (rows.kinds == COMPUTATION, rows.kinds == COMMUNICATION)
    )
    shared = measure(*intersect(*computing, *talking))
    return Figures(whole - measure(*busy), measure(*computing), whole, measure(*talking), shared)


def as_hta(rows: GpuRows) -> Figures:
    """The figures by HTA's own arithmetic, in whole µs.

    Differs from the unions where rounding gave a kernel a negative length: such a kernel is a piece
    of its own that takes time away. See :func:`by_chance_us` for what remains.
    """
    starts, ends = rows.rounded_us()
    if not len(starts):
        return Figures(0, 0, 0, 0, 0)
    busy = _merged(starts, ends)
    computing, talking = (
        _merged(starts[mine], ends[mine])
        for mine in (rows.kinds == COMPUTATION, rows.kinds == COMMUNICATION)
    )
    whole = int(busy[1][-1] - busy[0][0])
    return Figures(
        (whole - _length(busy)) * _NS,
        _length(computing) * _NS,
        whole * _NS,
        _length(talking) * _NS,
        _both(talking, computing) * _NS,
    )


def by_chance_us(rows: GpuRows) -> int:
    """By how much, in µs, each of HTA's own figures may differ from :func:`as_hta` at most.

    A row of negative length takes its time away or not, according to which comes first of those
    that start in the same µs. HTA leaves that to the file's order and NumPy's quicksort; here the
    earlier one comes first.
    """
    starts, ends = rows.rounded_us()
    _, place, count = np.unique(starts, return_inverse=True, return_counts=True)
    alike = (ends < starts) & (count[place] > 1)
    return int((starts - ends)[alike].sum())


def _merged(starts: Int64, ends: Int64) -> Intervals:
    """``merge_kernel_intervals``: a piece begins where a start lies after all ends before it."""
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], ends[order]
    fresh = np.ones(len(starts), np.bool_)
    fresh[1:] = starts[1:] > np.maximum.accumulate(ends)[:-1]
    first = np.flatnonzero(fresh)
    return starts[first], np.maximum.reduceat(ends, first) if len(first) else ends


def _length(merged: Intervals) -> int:
    return int(merged[1].sum() - merged[0].sum())


def _both(talking: Intervals, computing: Intervals) -> int:
    """``get_comm_comp_overlap``: time in which 1 for communication and 2 for compute make 3."""
    times = np.concatenate((*talking, *computing))
    weights = np.concatenate(
        [
            np.full(len(side), weight)
            for side, weight in zip((*talking, *computing), (1, -1, 2, -2), strict=True)
        ]
    )
    order = np.argsort(times, kind="stable")
    times = times[order]
    running = np.cumsum(weights[order])[:-1]
    return int(np.diff(times)[running == 3].sum())
