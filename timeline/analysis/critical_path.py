"""The chain of activities and calls that made the makespan as long as it was.

From the end of the last activity back to the first one's start: each step to what ended last of all
that the one before had to wait for, through streams, events, the legacy default stream, engines
that were taken, API calls and synchronisations (:mod:`timeline.analysis.execution`). The steps
follow each other without a gap, so the shares add up to the makespan exactly.

It is the path that *was* taken. ``Bound.critical_path_ns`` is another figure: the longest chain of
the dependencies alone, which no schedule can beat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from timeline.analysis.execution import Cause, Execution, Row, Steps, Via
from timeline.engines import ENGINES

__all__ = ["CriticalPath", "critical_path"]

_SHARES = {
    Cause.LATENCY: "latency",
    Cause.CALL: "calls",
    Cause.HOST: "host",
    Cause.UNKNOWN: "unknown",
}


@dataclass(frozen=True, eq=False, slots=True)
class CriticalPath:
    """The steps of the path.

    Attributes
    ----------
    steps : Steps
        From the last to the first.
    shares_ns : mapping of str to int
        Time on the path in each engine (``SM``, ``H2D``, …), in ``latency`` (everything was there
        and the activity had not started), in ``calls`` of the API, in the ``host``'s own code
        between calls, and ``unknown``; adds up to the makespan.
    """

    execution: Execution
    steps: Steps
    shares_ns: Mapping[str, int]


def critical_path(execution: Execution) -> CriticalPath:
    """Walk it; without activities it is empty."""
    work, rows = execution.work, list[Row]()
    if len(work.rows):
        lo, hi = work.window.start_ns, work.window.end_ns
        ends = np.minimum(work.ends, hi)
        last = int(np.flatnonzero(ends == ends.max())[0])
        end = int(ends[last])
        if end < hi:  # of a window that was asked for
            rows.append((end, hi, Cause.UNKNOWN, -1, Via.DEPENDENCY))
        begin = max(int(work.starts[last]), lo)
        rows.append((begin, end, Cause.ACTIVITY, last, Via.DEPENDENCY))
        execution.walk(last, lo, rows)
    steps = Steps.of(rows)
    return CriticalPath(execution, steps, _shares(execution, steps))


def _shares(execution: Execution, steps: Steps) -> Mapping[str, int]:
    length = steps.ends - steps.starts
    ran = steps.causes == Cause.ACTIVITY
    engines = execution.work.engine_codes[steps.places[ran]]
    shares = {
        name: int(length[ran][engines == code].sum())
        for code, name in ((*enumerate(ENGINES), (-1, "other")))
    }
    shares |= {name: int(length[steps.causes == cause].sum()) for cause, name in _SHARES.items()}
    return {name: ns for name, ns in shares.items() if ns}
