"""A copy engine for each direction."""

from __future__ import annotations

import numpy as np

from timeline.engines import D2H, ENGINES
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]


def second_copy_engine(scenario: Scenario) -> Change:
    """Copies from the device no longer wait for the engine that copies to it."""
    group = ENGINES.index(D2H)
    mine = scenario.on(D2H) & (scenario.activities.groups >= 0)
    mine &= scenario.activities.groups != group
    if not mine.any():
        return unchanged(scenario)
    groups = np.where(mine, group, scenario.activities.groups)
    return Change(
        scenario.replace(activities=scenario.activities.replace(groups=groups)), int(mine.sum())
    )


FIX = Fix(
    "second_copy_engine",
    "a second copy engine",
    "On a device with one copy engine: another one, so that copies run both ways at once.",
    second_copy_engine,
)
