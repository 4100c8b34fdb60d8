"""Where rows and bars stand on the page, in units of a plain row's height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.figures.lane import Bars, Lane

__all__ = ["HEADROOM", "Box", "Heading", "Placed", "place"]

Float64 = npt.NDArray[np.float64]

_GAP = 0.24
_STRIP = 0.5
_HEADING = 0.95
_TALLEST = 4.0
HEADROOM = 0.42
"""Room above a lane for the lengths of its shades."""


@dataclass(frozen=True, slots=True)
class Box:
    """Vertical extents of bars, growing downwards."""

    top: Float64
    height: Float64


@dataclass(frozen=True, eq=False)
class Placed:
    """A lane and where it stands."""

    lane: Lane
    top: float
    height: float

    @property
    def middle(self) -> float:
        """Centre line, where the label stands."""
        return self.top + self.height / 2

    def boxes(self, bars: Bars) -> Box:
        """Extents of the lane's bars in their sub-rows."""
        sub = self.height / self.lane.depths
        usable = sub * (0.9 if self.lane.depths > 1 else 1.0)
        height = usable * bars.height
        return Box(self.top + bars.depth * sub + usable - height, height)

    def above(self, bars: Bars) -> Box:
        """Extents of the words over shades."""
        top = np.full(len(bars), self.top - HEADROOM - _GAP / 4)
        return Box(top, np.full(len(bars), HEADROOM))

    def whole(self, bars: Bars) -> Box:
        """Extents of shades, which cover the lane."""
        return Box(
            np.full(len(bars), self.top - _GAP / 4), np.full(len(bars), self.height + _GAP / 2)
        )


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and the middle of its line."""

    text: str
    middle: float


def place(
    lanes: Sequence[Lane], top: float = 0.0, *, headed: bool = True
) -> tuple[list[Placed], list[Heading], float]:
    """Stack lanes under their headings, from ``top`` downwards.

    Parameters
    ----------
    headed : bool
        Whether to name the device even if there is only one.

    Returns
    -------
    placed, headings, bottom
    """
    placed: list[Placed] = []
    headings: list[Heading] = []
    silent = "" if headed else _only_device(lanes)
    group = silent
    for lane in lanes:
        if lane.group != group:
            group = lane.group
            text = group.removeprefix(f"{silent} · ") if silent else group
            headings.append(Heading(text, top + _HEADING / 2))
            top += _HEADING
        height = _height(lane)
        top += HEADROOM if lane.labelled else 0
        placed.append(Placed(lane, top, height))
        top += height + _GAP
    return placed, headings, top


def _only_device(lanes: Sequence[Lane]) -> str:
    """Heading of the device, if the lanes are of one."""
    devices = {lane.group for lane in lanes if lane.key.startswith("gpu")}
    first = lanes[0].group if lanes else ""
    return first if all(group.startswith(first) for group in devices) else ""


def _height(lane: Lane) -> float:
    if lane.thin:
        return _STRIP * (1 + 0.5 * (lane.depths - 1))
    return min(1.0 + 0.6 * (lane.depths - 1), _TALLEST)
