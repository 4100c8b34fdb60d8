"""What calls take that do not wait."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.whatif.orders import Kind
from timeline.whatif.scenario import Scenario

__all__ = ["plain_call_ns", "with_own_times"]


def plain_call_ns(scenario: Scenario, name: str) -> int:
    """Median of the recording's calls of this name that do not wait, or the described figure."""
    calls = scenario.calls
    mine = (calls.names == name) & ~calls.waits
    if mine.any():
        return int(np.median((calls.recorded.ends - calls.recorded.starts)[mine]))
    return scenario.model.host.call_ns(name)


def with_own_times(scenario: Scenario, calls: npt.NDArray[np.bool_], own_ns: int) -> Scenario:
    """These calls take so long by themselves, or as long as they did where that was less."""
    orders = scenario.orders
    nodes = scenario.call_nodes[calls]
    mine = (orders.kinds == Kind.CALL) & np.isin(orders.sources, 2 * nodes)
    took = scenario.calls.recorded.ends - scenario.calls.recorded.starts
    lags = orders.lags.copy()
    place = orders.sources[mine] // 2 - len(scenario.activities)
    lags[mine] = np.minimum(took[place], own_ns)
    return scenario.replace(orders=orders.with_lags(lags))
