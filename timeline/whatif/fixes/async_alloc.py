"""Stream-ordered allocation instead of cudaMalloc and cudaFree."""

from __future__ import annotations

import numpy as np

from timeline.analysis.execution.host_calls import ALLOCATION
from timeline.whatif.call_times import plain_call_ns, with_own_times
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.orders import Kind, ends
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]

_ASYNC = {"Malloc": "cudaMallocAsync", "Free": "cudaFreeAsync"}


def async_alloc(scenario: Scenario) -> Change:
    """Allocations and frees return at once and wait for nothing."""
    calls = scenario.calls
    mine = calls.waits & (calls.recorded.kinds == ALLOCATION)
    mine &= np.char.find(calls.names, "Host") < 0
    if not mine.any():
        return unchanged(scenario)
    orders = scenario.orders
    held = (orders.kinds == Kind.WAIT) & np.isin(orders.targets, ends(scenario.call_nodes[mine]))
    free = scenario.replace(orders=orders.kept(~held), calls=calls.without_waits(mine))
    for word, name in _ASYNC.items():
        these = mine & (np.char.find(calls.names, word) >= 0)
        free = with_own_times(free, these, plain_call_ns(scenario, name))
    return Change(free, int(mine.sum()), ("The pool keeps its memory and has grown already.",))


FIX = Fix(
    "async_alloc",
    "stream-ordered allocation",
    "cudaMallocAsync and cudaFreeAsync, with a pool that keeps its memory.",
    async_alloc,
)
