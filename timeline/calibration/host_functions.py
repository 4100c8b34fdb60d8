"""Latencies of host functions: the driver's thread has to wake up for one, and not for the next."""

from __future__ import annotations

import numpy as np

from timeline.analysis.execution import Execution, execution
from timeline.analysis.execution.predecessors import RESOURCE
from timeline.analysis.windows import devices
from timeline.analysis.work import work_of
from timeline.calibration.observations import Observations
from timeline.engines import ENGINES, HOST
from timeline.trace import Trace

__all__ = ["observe_host_functions"]

ASLEEP_NS = 50_000
"""A thread that has had nothing to do for so long sleeps; within 20 µs it is still awake."""


def observe_host_functions(trace: Trace, found: Observations) -> None:
    """From what each waited for to its start, from one to the next, and to what waited for it."""
    if HOST not in trace.names("activities", "engine"):
        return
    for device in devices(trace):
        for repeat in range(len(trace.meta.repeats)):
            _observe(execution(work_of(trace, device, repeat=repeat)), found)


def _observe(seen: Execution, found: Observations) -> None:
    work, before = seen.work, seen.before
    on_host = work.engine_codes == ENGINES.index(HOST)
    functions = np.flatnonzero(on_host)  # by start
    if not len(functions):
        return
    begin, ready = work.starts[functions], np.maximum(before.finish, seen.enqueued)[functions]
    done = np.append(np.iinfo(np.int64).min // 2, work.ends[functions][:-1])
    found.add("gaps.next_host_func", (begin - done)[ready <= done])
    found.add("gaps.to_host_func", (begin - ready)[ready - done >= ASLEEP_NS])
    after = np.flatnonzero(on_host[before.sources] & (before.sources >= 0) & ~on_host)
    after = after[(before.kinds[after] != RESOURCE) & (seen.enqueued[after] < before.finish[after])]
    found.add("gaps.from_host_func", (work.starts - before.finish)[after])
