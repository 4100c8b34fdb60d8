"""The gate that held the streams of a recorded Program until the host had enqueued."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from timeline.analysis.execution.host_calls import ISSUE
from timeline.trace import Meta
from timeline.whatif.orders import Kind, Orders, ends, starts
from timeline.whatif.scenario import Calls, Scenario

__all__ = ["first_wait", "gate_orders", "is_gated", "regated"]


def is_gated(meta: Meta) -> bool:
    """Whether a gate held the streams, or would have, had the Program not begun by waiting."""
    if meta.paced in ("gated", "partly"):
        return True
    program = "technique" in meta.labels and bool(meta.repeats) and "script" not in meta.labels
    return program and "--no-gate" not in str(meta.provenance.get("command", ""))


def gate_orders(scenario: Scenario, lag: int) -> Orders:
    """The gate after the first call that waits, and every activity after the gate."""
    places = np.arange(len(scenario.activities))
    held = Orders.of(np.full(len(places), scenario.gate), starts(places), Kind.GATE)
    return _opening(scenario, lag).and_(held)


def regated(scenario: Scenario) -> Scenario:
    """The same with the gate after what is now the first call that waits, if that is another."""
    calls = scenario.calls
    recorded = replace(calls, waits=calls.recorded.kinds != ISSUE)
    if not scenario.gated or first_wait(calls) == first_wait(recorded):
        return scenario
    into = scenario.orders.targets == scenario.gate
    known = into & (scenario.orders.kinds == Kind.GATE)
    lag = int(scenario.orders.lags[known][0]) if known.any() else 0
    return scenario.replace(orders=scenario.orders.kept(~into).and_(_opening(scenario, lag)))


def first_wait(calls: Calls) -> int:
    """The first call that may wait, of all threads, or -1."""
    waiting = np.flatnonzero(calls.waits)
    return int(waiting[np.argmin(calls.recorded.starts[waiting])]) if len(waiting) else -1


def _opening(scenario: Scenario, lag: int) -> Orders:
    """What opens the gate: the first call that waits, or the last call of all threads."""
    call = first_wait(scenario.calls)
    if call >= 0:
        sources = starts(scenario.call_nodes[[call]])
    else:
        follows = scenario.calls.recorded.before
        last = np.setdiff1d(np.arange(len(scenario.calls)), follows)
        sources = ends(scenario.call_nodes[last])
    if not len(sources):
        sources = np.array([scenario.origin])
    return Orders.of(sources, np.full(len(sources), scenario.gate), Kind.GATE, lag)
