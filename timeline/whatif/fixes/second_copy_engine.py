"""A copy engine for each direction."""

from __future__ import annotations

import numpy as np

from timeline.engines import D2H, ENGINES
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]


def second_copy_engine(scenario: Scenario) -> Change:
    """Copies from the device no longer wait for the engine that copies to it."""
    recorded = scenario.activities.groups
    group = recorded // len(ENGINES) * len(ENGINES) + ENGINES.index(D2H)
    mine = scenario.on(D2H) & (recorded >= 0) & (recorded != group)
    if not mine.any():
        return unchanged(scenario)
    groups = np.where(mine, group, recorded)
    return Change(
        scenario.replace(activities=scenario.activities.replace(groups=groups)), int(mine.sum())
    )


FIX = Fix(
    "second_copy_engine",
    "a second copy engine",
    "On a device with one copy engine: another one, so that copies run both ways at once.",
    second_copy_engine,
)
