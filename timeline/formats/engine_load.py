"""When each engine of a device was busy, and how many were at once, as viewers draw them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from timeline.intervals import Intervals, union
from timeline.trace import Trace

__all__ = ["busy_engines", "engine_unions"]

Int64 = npt.NDArray[np.int64]


def engine_unions(trace: Trace) -> Iterator[tuple[int, dict[str, Intervals]]]:
    """Of each device the union of the intervals of each engine that it used."""
    device, engine = trace.column("activities", "device"), trace.column("activities", "engine")
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    names = trace.names("activities", "engine")
    for number in np.unique(device).tolist():
        found = {}
        for code, name in enumerate(names):
            mine = (device == number) & (engine == code)
            if mine.any():
                found[name] = union(start[mine], end[mine])
        if found:
            yield number, found


def busy_engines(unions: dict[str, Intervals]) -> tuple[Int64, Int64]:
    """The times at which the number of busy engines changes, ns, and the number from then on."""
    first = np.concatenate([starts for starts, _ in unions.values()])
    last = np.concatenate([ends for _, ends in unions.values()])
    times = np.concatenate((first, last))
    order = np.argsort(times, kind="stable")
    steps = np.ones(len(times), np.int64)
    steps[len(first) :] = -1
    times, busy = times[order], np.cumsum(steps[order])
    final = np.ones(len(times), np.bool_)
    final[:-1] = times[1:] != times[:-1]
    return times[final], busy[final]
