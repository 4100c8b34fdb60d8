"""Union, intersection, difference, complement and measure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.intervals.limits import Int64, int64_pair, require_span

__all__ = ["Int64", "Intervals", "clip", "gaps", "intersect", "measure", "subtract", "union"]

Intervals = tuple[Int64, Int64]
"""Starts and ends, ns; both of shape (n,)."""

Bools = npt.NDArray[np.bool_]


def union(starts: npt.ArrayLike, ends: npt.ArrayLike) -> Intervals:
    """Merge intervals that overlap or touch.

    Parameters
    ----------
    starts, ends : array_like of int, shape (n,)
        Any intervals, in any order. Sorted by start they cost one pass; otherwise two sorts of
        values.

    Returns
    -------
    (starts, ends)
        The union, sorted.

    Raises
    ------
    TraceError
        When the times span :data:`timeline.intervals.LIMIT_NS` or more.

    Notes
    -----
    Sorted by start, a new piece begins where a start lies after every end before it. Without that
    order the same holds for starts and ends sorted apart from each other: with ``i`` starts and
    ``i`` ends before a time, nothing is open at it.
    """
    first, last = _with_length(*int64_pair(starts, ends))
    if first.size == 0:
        return first, last
    if bool((first[1:] >= first[:-1]).all()):
        reach = np.maximum.accumulate(last)
    else:
        first, reach = np.sort(first), np.sort(last)
    require_span(int(first[0]), int(reach[-1]))
    fresh = np.flatnonzero(first[1:] > reach[:-1])
    return (
        np.concatenate((first[:1], first[fresh + 1])),
        np.concatenate((reach[fresh], reach[-1:])),
    )


def _with_length(starts: Int64, ends: Int64) -> Intervals:
    keep = ends > starts
    return (starts, ends) if bool(keep.all()) else (starts[keep], ends[keep])


def measure(starts: Int64, ends: Int64) -> int:
    """Length of a union: Σ (end − start).

    Parameters
    ----------
    starts, ends : (n,) int64
        As :func:`union` returns it.

    Returns
    -------
    int
        Ns.
    """
    if len(starts) == 0:
        return 0
    require_span(int(starts[0]), int(ends[-1]))
    return int((ends - starts).sum())


def clip(starts: npt.ArrayLike, ends: npt.ArrayLike, lo: int, hi: int) -> Intervals:
    """What of each interval lies in ``[lo, hi)``; of a union, a union.

    Parameters
    ----------
    starts, ends : (n,) int64
        Intervals.
    lo, hi : int
        Bounds, ns.

    Returns
    -------
    (k,) int64, (k,) int64
        Starts and ends; empty ones are dropped.
    """
    first, last = int64_pair(starts, ends)
    return _with_length(np.maximum(first, lo), np.minimum(last, hi))


def gaps(starts: Int64, ends: Int64, lo: int, hi: int) -> Intervals:
    """What of ``[lo, hi)`` a union leaves free.

    Parameters
    ----------
    starts, ends : (n,) int64
        A union, as :func:`union` returns it.
    lo, hi : int
        Bounds, ns.

    Returns
    -------
    (k,) int64, (k,) int64
        Starts and ends of a union.
    """
    inside_starts, inside_ends = clip(starts, ends, lo, hi)
    edge_lo, edge_hi = np.array([lo], np.int64), np.array([hi], np.int64)
    return _with_length(
        np.concatenate((edge_lo, inside_ends)), np.concatenate((inside_starts, edge_hi))
    )


def intersect(a_starts: Int64, a_ends: Int64, b_starts: Int64, b_ends: Int64) -> Intervals:
    """Time that lies in both unions.

    Parameters
    ----------
    a_starts, a_ends : (n,) int64
        Union A, as :func:`union` returns it.
    b_starts, b_ends : (m,) int64
        Union B.

    Returns
    -------
    (k,) int64, (k,) int64
        Starts and ends of a union.

    Notes
    -----
    A piece of the intersection begins where one union begins inside the other and ends where one
    ends inside the other. Of a tie only A's bound is taken; pieces keep their order, so sorted
    starts and ends belong together.
    """
    starts = np.concatenate(
        (
            a_starts[_inside(a_starts, b_starts, b_ends, "right")],
            b_starts[_inside(b_starts, a_starts, a_ends, "left")],
        )
    )
    ends = np.concatenate(
        (
            a_ends[_reached(a_ends, b_starts, b_ends, "left")],
            b_ends[_reached(b_ends, a_starts, a_ends, "right")],
        )
    )
    starts.sort(kind="stable")
    ends.sort(kind="stable")
    return starts, ends


def _inside(times: Int64, starts: Int64, ends: Int64, tie: str) -> Bools:
    """Whether a union holds the ns after each time; ``tie`` "left" leaves out its own starts."""
    side: npt.NDArray[np.intp] = np.searchsorted(starts, times, tie)  # type: ignore[call-overload]
    return np.asarray(side > np.searchsorted(ends, times, "right"))


def _reached(times: Int64, starts: Int64, ends: Int64, tie: str) -> Bools:
    """Whether a union holds the ns before each time; ``tie`` "right" leaves out its own ends."""
    side: npt.NDArray[np.intp] = np.searchsorted(ends, times, tie)  # type: ignore[call-overload]
    return np.asarray(np.searchsorted(starts, times, "left") > side)


def subtract(a_starts: Int64, a_ends: Int64, b_starts: Int64, b_ends: Int64) -> Intervals:
    """Time that lies in union A and not in union B.

    Parameters
    ----------
    a_starts, a_ends : (n,) int64
        Union A, as :func:`union` returns it.
    b_starts, b_ends : (m,) int64
        Union B.

    Returns
    -------
    (k,) int64, (k,) int64
        Starts and ends of a union.
    """
    if len(a_starts) == 0:
        return a_starts, a_ends
    free = gaps(b_starts, b_ends, int(a_starts[0]), int(a_ends[-1]))
    return intersect(a_starts, a_ends, *free)
