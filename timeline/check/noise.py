"""Whether two sets of repeats differ by more than their noise.

A set stands for its median, and the median is known to the order statistics around it: the interval
from the j-th smallest to the j-th largest of n values holds the median of what they were drawn from
with probability 1 − 2 P(Binomial(n, ½) < j), whatever its distribution (Thompson 1936; Le Boudec,
*Performance Evaluation of Computer and Communication Systems*, 2010, theorem 2.1). The largest j is
taken with which that is at least :data:`CONFIDENCE`; of eight values and fewer that is the range.

Two sets differ when these intervals are apart, by at least half their mean width. Without that gap,
five repeats against five would tell 0.4 % of equal pairs apart (all of one above all of the other:
1 in 252); with it, 0.03 % if they are drawn from a normal distribution, at most 0.1 % from any that
was tried (``python -m benchmarks.check``), so that some twenty independent figures of a trace give
no more than 0.5 % false alarms, before any tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import comb, floor, sqrt
from statistics import NormalDist, median

__all__ = ["Interval", "apart", "interval"]

CONFIDENCE = 0.9375
"""Of the interval of a median: what the range of five repeats has."""

GAP = 0.5
"""Distance of two intervals, in their mean width, from which on their medians differ."""

MOST_EXACT = 200
"""Values up to which binomial probabilities are added up; above, the normal distribution does."""

FEWEST = 5
"""Values that tell their own noise; fewer are given at least that of the other side."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A median and what is known of it.

    Attributes
    ----------
    low, high : float
        The median of what the values were drawn from lies between them.
    count : int
        Values.
    """

    median: float
    low: float
    high: float
    count: int

    @property
    def width(self) -> float:
        """High − low."""
        return self.high - self.low

    def to_json(self) -> dict[str, float]:
        """As a JSON object."""
        return {"median": self.median, "low": self.low, "high": self.high, "count": self.count}


def interval(values: Sequence[float]) -> Interval:
    """Median of at least one value, and its interval."""
    ordered = sorted(values)
    j = _rank(len(ordered))
    return Interval(median(ordered), ordered[j], ordered[-1 - j], len(ordered))


@cache
def _rank(count: int) -> int:
    """Values to leave out at either end."""
    if count > MOST_EXACT:
        reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * sqrt(count) / 2
        return max(floor(count / 2 - reach - 0.5), 0)
    left, outside = 0, 0.0
    while left < (count - 1) // 2:
        outside += comb(count, left) / 2**count
        if 1 - 2 * (outside + comb(count, left + 1) / 2**count) < CONFIDENCE:
            break
        left += 1
    return left


def apart(one: Interval, other: Interval) -> bool:
    """Whether the medians differ by more than noise; False for equal ones."""
    low, high = sorted((one, other), key=lambda each: each.median)
    distance = _padded(high, low).low - _padded(low, high).high
    width = (_padded(low, high).width + _padded(high, low).width) / 2
    return distance > 0 and distance >= GAP * width


def _padded(mine: Interval, other: Interval) -> Interval:
    """With too few values, at least as wide as the other's."""
    if mine.count >= FEWEST or mine.width >= other.width:
        return mine
    more = (other.width - mine.width) / 2
    return Interval(mine.median, mine.low - more, mine.high + more, mine.count)
