"""Pinned host memory instead of pageable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.engines import D2H, H2D
from timeline.intervals import Int64
from timeline.whatif.call_times import plain_call_ns, with_own_times
from timeline.whatif.copy_times import copy_times
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.orders import Kind
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]


def pin_copies(scenario: Scenario) -> Change:
    """Copies of pageable memory take the pinned rate, and the host no longer waits for them."""
    pageable = _pageable(scenario)
    if not len(pageable):
        return unchanged(scenario)
    activities, assumed = scenario.activities, []
    work_ns, pinned = activities.work_ns.copy(), activities.pinned.copy()
    for engine in (H2D, D2H):
        mine = pageable[scenario.on(engine)[pageable]]
        if len(mine):
            times, source = copy_times(scenario, engine, scenario.column("bytes")[mine])
            work_ns[mine] = np.minimum(times, work_ns[mine])
            assumed.append(f"Pinned {engine} copies take what {source} tell.")
    pinned[pageable] = True
    changed = scenario.replace(activities=activities.replace(work_ns=work_ns, pinned=pinned))
    assumed.append("The host neither reads nor writes the memory before it next synchronises.")
    return Change(_asynchronous(changed, pageable), len(pageable), tuple(assumed))


def _pageable(scenario: Scenario) -> Int64:
    ends = [scenario.names(column) == "pageable" for column in ("src_kind", "dst_kind")]
    return np.flatnonzero((ends[0] | ends[1]) & scenario.on(H2D, D2H) & ~scenario.activities.pinned)


def _asynchronous(scenario: Scenario, copies: Int64) -> Scenario:
    """Their calls return at once."""
    issued = scenario.activities.issued[copies]
    mine: npt.NDArray[np.bool_] = np.zeros(len(scenario.calls), np.bool_)
    mine[issued[issued >= 0]] = True
    mine &= _async(scenario)
    nodes = scenario.call_nodes[mine]
    orders = scenario.orders
    held = (orders.kinds == Kind.WAIT) & np.isin(orders.targets, 2 * nodes + 1)
    free = scenario.replace(orders=orders.kept(~held), calls=scenario.calls.without_waits(mine))
    return with_own_times(free, mine, plain_call_ns(scenario, "cudaMemcpyAsync"))


def _async(scenario: Scenario) -> npt.NDArray[np.bool_]:
    return np.asarray(np.char.find(scenario.calls.names, "Async") >= 0)


FIX = Fix(
    "pin_copies",
    "pinned host memory",
    "Copies from and to pageable memory use pinned memory: at full rate, and without the host.",
    pin_copies,
)
