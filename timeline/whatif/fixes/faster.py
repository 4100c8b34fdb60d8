"""A kernel or copy that takes less time."""

from __future__ import annotations

from fnmatch import fnmatchcase

import numpy as np

from timeline.engines import ENGINES
from timeline.whatif.fix import Change, Fix, Parameter, number, unchanged
from timeline.whatif.orders import Kind
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]


def faster(scenario: Scenario, name: str, times: str) -> Change:
    """Activities of this name, or on this engine, take so many times less."""
    factor = number(times, "faster: times", 1e-3)
    words = scenario.work.trace.names("activities", "name")
    matching = [word for word in words if fnmatchcase(word, name) or word == name]
    mine = np.isin(scenario.names("name"), matching)
    if name in ENGINES:
        mine |= scenario.on(name)
    if not mine.any() or factor == 1:
        return unchanged(scenario)
    acts, orders = scenario.activities, scenario.orders
    scale = np.where(mine, factor, 1.0)
    source = np.minimum(orders.sources // 2, len(acts) - 1)
    inside = (orders.sources < 2 * len(acts)) & (orders.sources % 2 == 0) & mine[source]
    inside &= np.isin(orders.kinds, (Kind.STREAM, Kind.WAIT))
    lags = np.where(inside, np.round(orders.lags / factor), orders.lags).astype(np.int64)
    return Change(
        scenario.replace(
            activities=acts.replace(work_ns=acts.work_ns / scale, early_ns=acts.early_ns / scale),
            orders=orders.with_lags(lags),
        ),
        int(mine.sum()),
    )


FIX = Fix(
    "faster",
    "a faster kernel or copy",
    "Activities whose name matches a pattern (or an engine's name) take so many times less.",
    faster,
    (
        Parameter("name", "", "such as gemm*, or SM"),
        Parameter("times", "2", "how many times as fast"),
    ),
    ranked=False,
)
