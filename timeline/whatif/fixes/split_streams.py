"""Independent batches of one stream in several streams."""

from __future__ import annotations

import numpy as np

from timeline.intervals import Int64
from timeline.whatif.batches import batches
from timeline.whatif.fix import Change, Fix, Parameter, number, unchanged
from timeline.whatif.restream import restreamed
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]


def split_streams(scenario: Scenario, streams: str) -> Change:
    """The batches of each stream are dealt to so many streams in turn."""
    width = int(number(streams, "split_streams: streams", 1))
    found = batches(scenario)
    parts = _dealt(scenario, found.numbers, width)
    moved = int((parts != scenario.activities.streams).sum())
    if not moved:
        return unchanged(scenario)
    assumed = (f"{found.what} of a stream need nothing of each other.",)
    return Change(restreamed(scenario, parts), moved, assumed)


def _dealt(scenario: Scenario, numbers: Int64, width: int) -> Int64:
    """New stream of each activity: the first batches keep theirs."""
    old = scenario.activities.streams
    turn = numbers % width
    keys = old * width + turn
    new = np.unique(keys[turn > 0])
    first = int(old.max(initial=-1)) + 1
    return np.where(turn > 0, first + np.searchsorted(new, keys), old)


FIX = Fix(
    "split_streams",
    "several streams",
    "Independent batches that one stream runs one after the other go to several streams in turn.",
    split_streams,
    (Parameter("streams", "4", "how many streams each becomes"),),
)
