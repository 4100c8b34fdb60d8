"""A row with so many bars at once that none could be told apart, as how many there were."""

from __future__ import annotations

import dataclasses

import numpy as np

from timeline.figures.depth import depths
from timeline.figures.lane import Bars, Lane
from timeline.figures.strips import profile

__all__ = ["MOST_AT_ONCE", "thinned"]

MOST_AT_ONCE = 24
"""Sub-rows of a row; with more, a bar would be less than four pixels high."""


def thinned(lane: Lane) -> Lane:
    """The lane, or, if more than :data:`MOST_AT_ONCE` of its bars overlap, their number as height.

    The looks are those of its first bar; the label says what the height stands for.
    """
    bars = lane.bars
    most = int(depths(bars.start, bars.end).max(initial=0)) + 1
    if most <= MOST_AT_ONCE:
        return lane
    start, end, count = profile(bars.start, bars.end)
    levels, codes = np.unique(count, return_inverse=True)
    made = Bars.plain(start, end, int(bars.role[0]), codes.astype(np.int32))
    made.height[:] = count / most
    return dataclasses.replace(
        lane,
        label=f"{lane.label}, up to {most}",
        kind="profile",
        bars=made,
        names=[f"{n} at once" for n in levels.tolist()],
        shades=lane.shades.take(np.zeros(len(lane.shades), np.bool_)),
    )
