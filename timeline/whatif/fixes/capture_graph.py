"""One graph launch instead of many launches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.whatif.call_times import plain_call_ns, with_own_times
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.orders import Kind
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]

Bools = npt.NDArray[np.bool_]

_FEWEST = 2
"""Activities of a run of calls that are worth a graph."""

_ON_DEVICE = (Kind.STREAM, Kind.EVENT)


def capture_graph(scenario: Scenario) -> Change:
    """Runs of calls that don't wait become one call, and what they issue follows faster."""
    first, later = _captured(scenario)
    if not later.any():
        return unchanged(scenario)
    issued = scenario.activities.issued
    nodes = np.zeros(len(scenario.calls) + 1, np.bool_)
    nodes[:-1] = first | later
    mine = nodes[issued]
    launch = plain_call_ns(scenario, "cudaGraphLaunch")
    launch += round(scenario.model.host.graph_node_ns * int(mine.sum()) / int(first.sum()))
    changed = with_own_times(scenario, later, 0)
    changed = with_own_times(changed, first, launch)
    return Change(
        _closer(_together(changed, later), mine),
        int(mine.sum()),
        (
            "The same work is issued each time, and the host needs nothing of it in between.",
            f"A node starts {scenario.model.gaps.graph} ns after what it waits for, as on the "
            f"described {scenario.model.name}.",
        ),
    )


def _captured(scenario: Scenario) -> tuple[Bools, Bools]:
    """Calls that become a graph launch, and the later ones of the same run that disappear."""
    calls = scenario.calls
    issues = np.bincount(
        scenario.activities.issued[scenario.activities.issued >= 0], minlength=len(calls)
    )
    opens = np.append(True, calls.threads[1:] != calls.threads[:-1])[: len(calls)]
    after_wait = np.append(False, calls.waits[:-1])[: len(calls)]
    run = np.cumsum(opens | after_wait | calls.waits)
    many = np.bincount(run, weights=issues, minlength=int(run.max(initial=0)) + 1) >= _FEWEST
    mine = many[run] & ~calls.waits & (np.char.find(calls.names, "GraphLaunch") < 0)
    begins = mine & (np.append(-1, run[:-1])[: len(run)] != run)
    return begins, mine & ~begins


def _together(scenario: Scenario, later: Bools) -> Scenario:
    """The host's time between captured calls goes."""
    orders = scenario.orders
    between = (orders.kinds == Kind.THREAD) & np.isin(
        orders.targets, 2 * scenario.call_nodes[later]
    )
    return scenario.replace(orders=orders.with_lags(np.where(between, 0, orders.lags)))


def _closer(scenario: Scenario, mine: Bools) -> Scenario:
    """Captured activities follow each other as the nodes of a graph do."""
    orders, count = scenario.orders, len(scenario.activities)
    inside = np.isin(orders.kinds, _ON_DEVICE) & (orders.sources < 2 * count)
    inside &= orders.sources % 2 == 1
    held = np.append(mine, np.False_)
    inside &= held[np.minimum(orders.sources // 2, count)]
    inside &= held[np.minimum(orders.targets // 2, count)]
    lags = np.where(inside, np.minimum(orders.lags, scenario.model.gaps.graph), orders.lags)
    return scenario.replace(orders=orders.with_lags(lags))


FIX = Fix(
    "capture_graph",
    "one graph launch",
    "Launches between two waits of the host are captured once and launched as one graph.",
    capture_graph,
)
