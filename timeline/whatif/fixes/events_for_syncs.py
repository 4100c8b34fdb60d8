"""Events on the device instead of a host that waits."""

from __future__ import annotations

import numpy as np

from timeline.analysis.execution.host_calls import SYNC
from timeline.engines import D2H, ENGINES
from timeline.errors import UsageError
from timeline.intervals import Int64
from timeline.whatif.call_times import plain_call_ns, with_own_times
from timeline.whatif.fix import Change, Fix, Parameter, unchanged
from timeline.whatif.orders import Kind, Orders, ends, starts
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]

_NEEDS = ("last", "all")


def events_for_syncs(scenario: Scenario, needs: str) -> Change:
    """What was issued first after a synchronisation waits for an event, and the host does not."""
    if needs not in _NEEDS:
        raise UsageError(f"events_for_syncs: {needs!r}: one of {', '.join(_NEEDS)}")
    found = [_replaced(scenario, call, needs) for call in _dispensable(scenario)]
    calls = [call for call, _, _ in found]
    if not calls:
        return unchanged(scenario)
    sources = np.array([s for _, some, target in found for s in some if target >= 0], np.int64)
    targets = np.array([target for _, some, target in found for _ in some if target >= 0], np.int64)
    across = scenario.activities.streams[sources] != scenario.activities.streams[targets]
    return Change(
        _with_events(scenario, np.array(calls), sources[across], targets[across]),
        len(calls),
        (
            "What was issued first after a synchronisation needs "
            + ("all" if needs == "all" else "what was issued last")
            + " that was waited for, and what was issued later nothing more.",
            "The host needs no result where no copy to the host came before the synchronisation.",
        ),
    )


def _dispensable(scenario: Scenario) -> list[int]:
    """Synchronisations after which more is issued and before which nothing went to the host."""
    calls, activities = scenario.calls, scenario.activities
    to_host = np.zeros(len(calls), np.bool_)
    issues = np.zeros(len(calls), np.bool_)
    known = activities.issued >= 0
    issues[activities.issued[known]] = True
    codes = scenario.work.engine_codes[activities.places]
    to_host[activities.issued[known & (codes == ENGINES.index(D2H))]] = True
    found, last_issue = [], _last_issue(scenario, issues)
    brought, thread = False, None
    for call in range(len(calls)):
        if calls.threads[call] != thread:
            brought, thread = False, calls.threads[call]
        brought = brought or bool(to_host[call])
        if calls.waits[call] and calls.recorded.kinds[call] == SYNC:
            if not brought and call < last_issue[call]:
                found.append(call)
            brought = False
    return found


def _last_issue(scenario: Scenario, issues: np.typing.NDArray[np.bool_]) -> Int64:
    """The last call of each call's thread that issued anything, or -1."""
    threads = scenario.calls.threads
    last = np.full(len(threads), -1, np.int64)
    for thread in np.unique(threads).tolist():
        mine = threads == thread
        some = np.flatnonzero(mine & issues)
        last[mine] = some[-1] if len(some) else -1
    return last


def _replaced(scenario: Scenario, call: int, needs: str) -> tuple[int, list[int], int]:
    """What the event follows, and the activity that waits for it."""
    activities, orders = scenario.activities, scenario.orders
    into = (orders.kinds == Kind.WAIT) & (orders.targets == 2 * int(scenario.call_nodes[call]) + 1)
    waited = orders.sources[into] // 2
    after = np.flatnonzero((activities.issued > call) & _same_thread(scenario, call))
    target = int(after[np.argmin(activities.issued[after])]) if len(after) else -1
    if needs == "last" and len(waited):
        waited = waited[[np.argmax(activities.issued[waited])]]
    return call, waited.tolist(), target


def _same_thread(scenario: Scenario, call: int) -> np.typing.NDArray[np.bool_]:
    issued = scenario.activities.issued
    threads = np.append(scenario.calls.threads, -1)
    return np.asarray((issued >= 0) & (threads[issued] == threads[call]))


def _with_events(scenario: Scenario, calls: Int64, sources: Int64, targets: Int64) -> Scenario:
    orders, codes = scenario.orders, scenario.work.engine_codes[scenario.activities.places]
    nodes = scenario.call_nodes[calls]
    held = (orders.kinds == Kind.WAIT) & np.isin(orders.targets, ends(nodes))
    kinds = np.full(len(sources), int(Kind.EVENT))
    lags = scenario.lags.typical(
        kinds, codes[sources].astype(np.int64), codes[targets].astype(np.int64)
    )
    events = Orders.of(ends(sources), starts(targets), Kind.EVENT, lags)
    mine = np.zeros(len(scenario.calls), np.bool_)
    mine[calls] = True
    cost = plain_call_ns(scenario, "cudaEventRecord")
    cost += plain_call_ns(scenario, "cudaStreamWaitEvent")
    free = scenario.replace(
        orders=orders.kept(~held).and_(events), calls=scenario.calls.without_waits(mine)
    )
    return with_own_times(free, mine, cost)


FIX = Fix(
    "events_for_syncs",
    "events instead of synchronisation",
    "The device orders dependent work with events, and the host goes on issuing.",
    events_for_syncs,
    (Parameter("needs", "last", "what the work after a synchronisation needs: last or all"),),
)
