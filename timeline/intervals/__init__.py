"""Sets of half-open ``[start, end)`` spans of int64 ns: exact, vectorised, lean on memory.

A *union* is a pair of arrays ``(starts, ends)``, sorted, with a gap of at least 1 ns between one
interval and the next. :func:`union` makes one of any intervals; the other functions take unions and
give unions. Intervals without length hold no time and count for nothing.
"""

from timeline.intervals.depth import depth_histogram
from timeline.intervals.index import UnionIndex
from timeline.intervals.limits import LIMIT_NS
from timeline.intervals.sets import (
    Int64,
    Intervals,
    clip,
    gaps,
    intersect,
    measure,
    subtract,
    union,
)
from timeline.intervals.sweep import MOST_LANES, Coverage, coverage, pairwise_overlap

__all__ = [
    "LIMIT_NS",
    "MOST_LANES",
    "Coverage",
    "Int64",
    "Intervals",
    "UnionIndex",
    "clip",
    "coverage",
    "depth_histogram",
    "gaps",
    "intersect",
    "measure",
    "pairwise_overlap",
    "subtract",
    "union",
]
