"""A span of a Gantt figure, pointed out."""

from __future__ import annotations

from typing import Literal

import plotly.graph_objects as go

from timeline.figures.choice import chosen_rows
from timeline.figures.gantt import gantt
from timeline.figures.palette import theme_named
from timeline.figures.units import unit_for
from timeline.trace import Trace

__all__ = ["around"]

_MARGIN = 2
"""The picture shows one part in so many of the span's length before and after it."""


def around(
    trace: Trace, span: tuple[int, int], theme: Literal["light", "dark"] = "light"
) -> go.Figure:
    """Draw what surrounds a span of trace time, ns, with the span between two lines."""
    first, last = span
    margin = max((last - first) // _MARGIN, 1)
    window = (first - margin, last + margin)
    rows = chosen_rows("auto", [trace])
    figure = gantt(trace, window=window, rows=rows, stamps=False, theme=theme)
    unit = unit_for(window[1] - window[0]).ns
    line = {"color": theme_named(theme).ink, "width": 1, "dash": "dot"}
    for at in (margin, margin + last - first):
        figure.add_vline(x=at / unit, line=line)
    return figure
