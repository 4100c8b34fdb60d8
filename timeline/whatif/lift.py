"""From a recording to a :class:`.scenario.Scenario` that gives the recording back."""

from __future__ import annotations

import numpy as np

from timeline.analysis.execution import Execution, execution
from timeline.analysis.windows import devices, median_repeat
from timeline.analysis.work import Work, joint_work, work_of
from timeline.errors import TraceError
from timeline.trace import Trace
from timeline.whatif.described import described_device
from timeline.whatif.lags import Lags
from timeline.whatif.lifting.duplex import duplex_factors
from timeline.whatif.lifting.engine_shares import engine_groups, engine_shares
from timeline.whatif.lifting.gate import is_gated
from timeline.whatif.lifting.host_orders import calls_of
from timeline.whatif.lifting.meetings import meetings
from timeline.whatif.lifting.timing import timed
from timeline.whatif.orders import NO_ORDERS
from timeline.whatif.scenario import Activities, Scenario

__all__ = ["chosen", "lift", "lifted"]


def lift(
    trace: Trace,
    *,
    repeat: int | None = None,
    device: int | None = None,
    free: bool | None = None,
) -> Scenario:
    """Read the causes of a recorded schedule.

    Parameters
    ----------
    repeat : int, optional
        Of a Program; by default the repeat of median makespan. A trace without repeats is lifted
        whole.
    device : int, optional
        By default all that have activities, or, of a trace of several processes, the one with most.
    free : bool, optional
        Whether kernels keep their pace beside others while their blocks find room (True), or share
        the SMs that they are on (False). By default as the recording shows, and shared where it
        doesn't show: a kernel that was alone may have used all of its SMs.

    Raises
    ------
    TraceError
        For a trace without activities.
    UsageError
        For a repeat or device that the trace does not have.
    """
    return lifted(execution(chosen(trace, repeat, device)), free)


def chosen(trace: Trace, repeat: int | None, device: int | None) -> Work:
    """What :func:`lift` reads of a trace, and raises."""
    if trace.rows("activities") == 0:
        raise TraceError("the trace has no activities: there is nothing to replay")
    if repeat is None:
        repeat = median_repeat(trace)
    if device is not None:
        return work_of(trace, device, repeat=repeat)
    found = [work_of(trace, one, repeat=repeat) for one in devices(trace)]
    return joint_work(found) or max(found, key=lambda work: len(work.rows))


def lifted(found: Execution, free: bool | None) -> Scenario:
    """:func:`lift`, of what is known of who waited for whom."""
    work = found.work
    model = described_device(work.trace, work.device)
    calls = calls_of(found)
    count = len(work.rows)
    shares = engine_shares(work, model)
    unknown = list(found.before.notes)
    if not shares.known:
        unknown.append("Grids are not known of every kernel: those are taken to fill the device.")
    if not len(calls):
        unknown.append("The trace has no API calls: work is issued when it was recorded to start.")
    unknown += work.trace.meta.missing()
    activities = Activities(
        np.arange(count),
        work.stream_codes,
        engine_groups(work),
        (work.ends - work.starts).astype(np.float64),
        shares.room,
        shares.room,
        np.zeros(count),
        np.zeros(count, np.int64),
        np.arange(count),
        found.calls.issued,
        np.zeros(count, np.bool_),
        meetings(work),
    )
    gated = is_gated(work.trace.meta)
    scenario = Scenario(
        work,
        activities,
        calls,
        NO_ORDERS,
        Lags(model, {}),
        model,
        duplex_factors(work, model),
        gated,
        tuple(unknown),
    )
    return timed(scenario, found, shares, free)
