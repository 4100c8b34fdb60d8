"""Kernels and copies that a user picks: by their names, or by the ranges that they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate

import numpy as np
import numpy.typing as npt

from timeline.analysis.matching import pair_codes
from timeline.analysis.work import Work
from timeline.intervals import Int64, union
from timeline.trace import Trace

__all__ = ["RANGES", "Selection"]

Mask = npt.NDArray[np.bool_]

RANGES = "nvtx:"
"""What a pattern of ranges begins with."""

_SPACES = re.compile(r"(\(anonymous namespace\)|<unnamed>|\{anonymous\})::")


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns as shells have them (``*``, ``?``, ``[...]``), of which one must hold.

    Attributes
    ----------
    names : tuple of str
        Of an activity's whole name, or of its function's alone: ``multimem_all_reduce*`` finds
        ``void (anonymous namespace)::multimem_all_reduce_kernel<c10::BFloat16>(...)``.
    ranges : tuple of str
        Of a range: the call that issued the activity lies in one of its thread, or the activity
        starts in one of its stream on the device.
    """

    names: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Selection:
        """Patterns of names, and those of ranges, which begin with :data:`RANGES`."""
        found = tuple(patterns)
        return cls(
            tuple(one for one in found if not one.startswith(RANGES)),
            tuple(one.removeprefix(RANGES) for one in found if one.startswith(RANGES)),
        )

    def rows(self, work: Work) -> Mask:
        """Which of the activities are picked; shape (n,)."""
        picked = _named(work.trace, "activities", self.names)[work.column("name")]
        if self.ranges:
            picked = picked | _issued_within(work, self.ranges) | _started_within(work, self.ranges)
        return np.asarray(picked)


def _named(trace: Trace, table: str, patterns: tuple[str, ...]) -> Mask:
    """Which names of a table a pattern holds of, and False at the end, for null."""
    expressions = [re.compile(translate(pattern)) for pattern in patterns]
    known = [
        any(one.match(name) or one.match(_function(name)) for one in expressions)
        for name in trace.names(table, "name")
    ]
    return np.array([*known, False])


def _function(name: str) -> str:
    """The function of a C++ name, without return type, namespaces, arguments and parameters."""
    bare = re.split(r"[<(]", _SPACES.sub("", name), maxsplit=1)[0].strip()
    return re.split(r"::|\s", bare)[-1]


def _issued_within(work: Work, patterns: tuple[str, ...]) -> Mask:
    """Whether the call of an activity begins in a range of its thread."""
    trace = work.trace
    issued, calls = pair_codes(
        (work.column("process"), work.column("correlation")),
        (trace.column("calls", "process"), trace.column("calls", "correlation")),
    )
    known = trace.column("calls", "correlation") >= 0
    call_of = np.full(max(int(issued.max(initial=-1)), int(calls.max(initial=-1))) + 1, -1)
    call_of[calls[known]] = np.flatnonzero(known)
    call = call_of[issued]
    call[work.column("correlation") < 0] = -1
    within = _within(trace, "calls", "ranges", ("process", "thread"), patterns)
    return np.asarray(np.append(within, False)[call])


def _started_within(work: Work, patterns: tuple[str, ...]) -> Mask:
    """Whether an activity begins in a range on the device, of its stream."""
    return _within(work.trace, "activities", "device_ranges", ("device", "stream"), patterns)[
        work.rows
    ]


def _within(
    trace: Trace, table: str, ranges: str, lane: tuple[str, str], patterns: tuple[str, ...]
) -> Mask:
    """Whether the rows of a table start in a range of their lane."""
    starts = trace.column(table, "start")
    picked = np.flatnonzero(_named(trace, ranges, patterns)[trace.column(ranges, "name")])
    found = np.zeros(len(starts), np.bool_)
    if not len(picked) or not len(starts):
        return found
    first, second = lane
    lanes, of_ranges = pair_codes(
        (trace.column(table, first), trace.column(table, second)),
        (trace.column(ranges, first)[picked], trace.column(ranges, second)[picked]),
    )
    opened, closed = trace.column(ranges, "start")[picked], trace.column(ranges, "end")[picked]
    for one in np.unique(of_ranges).tolist():
        mine, theirs = np.flatnonzero(lanes == one), of_ranges == one
        found[mine] = _inside(starts[mine], *union(opened[theirs], closed[theirs]))
    return found


def _inside(times: Int64, starts: Int64, ends: Int64) -> Mask:
    """Whether each time lies in a union."""
    if not len(starts):
        return np.zeros(len(times), np.bool_)
    last = np.searchsorted(starts, times, "right") - 1
    return np.asarray((last >= 0) & (times < ends[last]))
