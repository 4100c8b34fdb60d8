"""What each activity needs of its engine, and whether it waited for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.engines import ENGINES, SM
from timeline.intervals import Int64
from timeline.whatif.lags import SHORT_NS
from timeline.whatif.lifting.concurrency import seen_free
from timeline.whatif.lifting.duplex import duplex_pace
from timeline.whatif.lifting.engine_shares import Shares
from timeline.whatif.lifting.meetings import begun
from timeline.whatif.lifting.sharing import Sharing, shared
from timeline.whatif.scenario import Activities, Scenario

__all__ = ["EngineUse", "engine_use"]

_SM = ENGINES.index(SM)
_ENOUGH = 3


@dataclass(frozen=True, eq=False, slots=True)
class EngineUse:
    """What was found.

    Attributes
    ----------
    activities : Activities
        With their work, loads, when they make room, and hand-overs.
    arrived : numpy.ndarray of int64, shape (n,)
        When each activity was at its engine, ns: as it started, or while it waited for room.
    free : bool or None
        Whether kernels were seen to keep their pace beside others; None where it can't be seen.
    """

    activities: Activities
    arrived: Int64
    free: bool | None


def engine_use(scenario: Scenario, shares: Shares, ready: Int64, free: bool | None) -> EngineUse:
    """Find it.

    Parameters
    ----------
    ready : numpy.ndarray of int64, shape (n,)
        When each activity could have started, had its engine been free.
    free : bool or None
        Whether kernels keep their pace beside others; None: as the recording shows.
    """
    acts = scenario.activities
    work_ns, early_ns = acts.work_ns.copy(), acts.early_ns.copy()
    loads, waited = shares.room.copy(), np.full(len(acts), -1, np.int64)
    seen = None
    for group in np.unique(acts.groups[acts.groups >= 0]).tolist():
        mine = np.flatnonzero(acts.groups == group)
        if group % len(ENGINES) == _SM:
            shown = seen_free(scenario.work, mine, shares)
            seen = shown if seen is None else seen
            if not (shown if free is None else free):
                loads[mine] = shares.touched[mine]
        found = _of_group(scenario, group, mine, loads, ready)
        work_ns[mine], early_ns[mine] = found.work_ns, found.early_ns
        waited[mine] = found.handover_ns
    activities = acts.replace(
        work_ns=work_ns,
        early_ns=early_ns,
        loads=loads,
        handover_ns=np.where(waited >= 0, waited, _usual_handover(scenario, waited)),
    )
    return EngineUse(activities, _arrivals(scenario, ready, waited), seen)


def _of_group(
    scenario: Scenario,
    group: int,
    mine: Int64,
    loads: npt.NDArray[np.float64],
    ready: Int64,
) -> Sharing:
    work = scenario.work
    device, engine = divmod(group, len(ENGINES))
    pace = duplex_pace(work.parts[device], engine, scenario.duplex.get(group, 1.0))
    room = scenario.activities.shares
    worked = begun(work.starts, scenario.activities.meets)[mine]
    return shared(
        work.starts[mine], work.ends[mine], room[mine], loads[mine], ready[mine], worked, pace
    )


def _arrivals(scenario: Scenario, ready: Int64, waited: Int64) -> Int64:
    """Engines serve what comes first, so nothing is there before what was served before it."""
    begun, for_room = scenario.work.starts, waited >= 0
    found = np.where(for_room, ready, begun)
    for group in np.unique(scenario.activities.groups[for_room]).tolist():
        mine = np.flatnonzero(scenario.activities.groups == group)
        in_turn = np.maximum.accumulate(found[mine])
        held = for_room[mine]
        found[mine[held]] = np.minimum(in_turn, begun[mine] - waited[mine])[held]
    return np.asarray(found)


def _usual_handover(scenario: Scenario, waited: Int64) -> Int64:
    """Hand-over of an engine to an activity that did not have to wait for it, ns."""
    found = np.where(scenario.on(SM), 0, scenario.model.copy.engine_gap_ns)
    for group in np.unique(scenario.activities.groups).tolist():
        mine = scenario.activities.groups == group
        seen = waited[mine & (waited >= 0) & (waited <= SHORT_NS)]
        if len(seen) >= _ENOUGH:
            found[mine] = int(np.median(seen))
    return np.asarray(found, np.int64)
