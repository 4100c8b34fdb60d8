"""What charts that are no Gantt pictures share: paper, font and the room around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timeline.figures.palette import Theme

__all__ = ["FONT", "bare_axis", "frame"]

FONT = '"Inter", "Source Sans", "Segoe UI", "Helvetica Neue", Arial, sans-serif'


def frame(theme: Theme, height: int, *, left: int = 60, top: int = 30, bottom: int = 8) -> Any:
    """Layout of a chart without a legend or a title."""
    return {
        "height": height,
        "margin": {"l": left, "r": 12, "t": top, "b": bottom},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": FONT, "size": 12, "color": theme.ink},
        "hoverlabel": {"align": "left", "bgcolor": theme.band, "font": {"color": theme.ink}},
        "showlegend": False,
    }


def bare_axis(theme: Theme, **more: Any) -> Mapping[str, Any]:
    """An axis that can't be zoomed, without a line at zero."""
    look = {"gridcolor": theme.grid, "linecolor": theme.grid, "zeroline": False, "fixedrange": True}
    return {**look, "tickfont": {"color": theme.muted}, **more}
