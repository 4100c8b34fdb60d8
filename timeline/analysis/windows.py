"""The span of time that measures are taken in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["Window", "check_repeat", "devices", "makespans_ns", "median_repeat"]


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span W = ``[start_ns, end_ns)`` of trace time."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise UsageError(
                f"a window from {self.start_ns} to {self.end_ns} ns ends before it starts"
            )

    @property
    def length_ns(self) -> int:
        """|W|, ns."""
        return self.end_ns - self.start_ns


def devices(trace: Trace) -> tuple[int, ...]:
    """Devices that have activities.

    Returns
    -------
    tuple of int
        Ascending; unknown ones (null) are left out unless all are.
    """
    column = trace.column("activities", "device")
    alike = len(column) and column.min() == column.max()
    found = np.unique(column[:1] if alike else column).tolist()
    known = tuple(int(device) for device in found if device >= 0)
    return known or tuple(int(device) for device in found)


def check_repeat(trace: Trace, repeat: int) -> tuple[int, int]:
    """Host span of a repeat, ns.

    Raises
    ------
    UsageError
        When the trace has no such repeat.
    """
    spans = trace.meta.repeats
    if not 0 <= repeat < len(spans):
        raise UsageError(f"no repeat {repeat} in this trace; it has {len(spans)}, counted from 0")
    return spans[repeat]


def makespans_ns(trace: Trace) -> list[int | None]:
    """Of each repeat: from its first activity's start to its last one's end, over all devices.

    Returns
    -------
    list of int or None
        Ns; None for a repeat without activities.
    """
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    found: list[int | None] = []
    for first, last in trace.meta.repeats:
        lo, hi = np.searchsorted(start, (first, last))
        found.append(int(end[lo:hi].max() - start[lo]) if hi > lo else None)
    return found


def median_repeat(trace: Trace) -> int | None:
    """The repeat of median makespan.

    Returns
    -------
    int or None
        Its index, the lower one of two; None for a trace without repeats.
    """
    timed = [(ns, i) for i, ns in enumerate(makespans_ns(trace)) if ns is not None]
    return sorted(timed)[(len(timed) - 1) // 2][1] if timed else None
