"""Level of detail: what a picture shows of a row that has more bars than it has room for.

Time is cut into buckets of a power of two of ns, at multiples of their width, so that they stay
where they are while the view moves. A bucket tells how long the row was busy in it, exactly; how
many activities started in it; and which of those was the longest. Nothing is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline import intervals

__all__ = ["Buckets", "bucket_width", "buckets", "weighted"]

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Buckets:
    """Non-empty buckets of a row, ascending.

    Attributes
    ----------
    start : (n,) int64
        Start of each, ns, a multiple of ``width_ns``.
    width_ns : int
        A power of two.
    busy_ns : (n,) int64
        Length of the union of the row's intervals within the bucket.
    total_ns : (n,) int64
        Sum of their lengths within the bucket: ``total_ns / width_ns`` is the mean concurrency.
    count : (n,) int64
        Intervals that start in the bucket.
    longest_ns, longest : (n,) int64
        Length and index of the longest of those; -1 where none starts.
    """

    start: Int64
    width_ns: int
    busy_ns: Int64
    total_ns: Int64
    count: Int64
    longest_ns: Int64
    longest: Int64


def bucket_width(span_ns: int, most: int) -> int:
    """Return the smallest power of two that cuts ``span_ns`` into at most ``most`` buckets."""
    width = 1
    while span_ns > width * most:
        width *= 2
    return width


def buckets(start: Int64, end: Int64, width_ns: int) -> Buckets:
    """Sum up the half-open intervals ``[start, end)`` in buckets of ``width_ns``.

    Parameters
    ----------
    start, end : (n,) int64
        In any order; n at least 1.
    """
    first = int(start.min()) // width_ns
    last = (max(int(end.max()) - 1, int(start.max()))) // width_ns
    edges = np.arange(first, last + 2, dtype=np.int64) * width_ns
    busy = np.diff(intervals.UnionIndex(*intervals.union(start, end)).before(edges))
    total = np.diff(_summed(start, end, edges))
    index = start // width_ns - first
    count = np.bincount(index, minlength=len(edges) - 1)
    longest = _longest(index, end - start, len(edges) - 1)
    keep = (count > 0) | (busy > 0)
    lengths = np.where(longest >= 0, (end - start)[longest], -1)
    return Buckets(
        edges[:-1][keep],
        width_ns,
        busy[keep],
        total[keep],
        count[keep],
        lengths[keep],
        longest[keep],
    )


def weighted(start: Int64, end: Int64, weight: Float64, at: Int64) -> Float64:
    """Integral, up to each time of ``at``, of a function that is ``weight`` within each interval.

    The intervals are disjoint and ascending.
    """
    before = np.concatenate(([0.0], np.cumsum((end - start) * weight)))
    index = np.searchsorted(start, at, side="right")
    inside = np.clip(end[index - 1] - at, 0, None) * weight[index - 1]
    integral: Float64 = before[index] - np.where(index > 0, inside, 0.0)
    return integral


def _summed(start: Int64, end: Int64, at: Int64) -> Int64:
    """Sum over all intervals of their length before each time of ``at``.

    Each contributes ``max(at - start, 0) - max(at - end, 0)``.
    """
    return _ramp(np.sort(start), at) - _ramp(np.sort(end), at)


def _ramp(points: Int64, at: Int64) -> Int64:
    # Sums may wrap around; so do their differences, which fit.
    prefix = np.concatenate(([0], np.cumsum(points)))
    index = np.searchsorted(points, at, side="right")
    ramp: Int64 = index * at - prefix[index]
    return ramp


def _longest(index: Int64, length: Int64, count: int) -> Int64:
    """Of each bucket, the position of the first of its longest intervals; -1 without any."""
    order = np.argsort(index, kind="stable")  # one pass for intervals that ascend already
    bucket, ordered = index[order], length[order]
    opens = np.flatnonzero(np.diff(bucket, prepend=-1))
    members = np.diff(opens, append=len(bucket))
    equal = np.flatnonzero(ordered == np.repeat(np.maximum.reduceat(ordered, opens), members))
    first = equal[np.diff(bucket[equal], prepend=-1) != 0]
    longest = np.full(count, -1, np.int64)
    longest[bucket[first]] = order[first]
    return longest
