"""Overlap of every pair of engines as a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from timeline.figures.escape import html_text
from timeline.figures.frame import frame
from timeline.figures.palette import ROLES, role_code, theme_named
from timeline.figures.units import duration_text

__all__ = ["overlap_matrix"]


def overlap_matrix(
    engines: Mapping[str, Mapping[str, Any]], overlaps: Sequence[Mapping[str, Any]], theme: str
) -> go.Figure:
    """Draw the overlap ratio of each pair; on the diagonal how long the engine was busy.

    Parameters
    ----------
    engines, overlaps
        As in the JSON of a report's device.
    """
    names = list(engines)
    pairs = {frozenset(o["engines"]): o for o in overlaps if len(o["engines"]) == 2}
    ratios: list[list[float | None]] = []
    words: list[list[str]] = []
    for row in names:
        cells = [_cell(row, column, engines, pairs) for column in names]
        ratios.append([ratio for ratio, _ in cells])
        words.append([text for _, text in cells])
    look = theme_named(theme)
    labels = [html_text(name) for name in names]
    heat = go.Heatmap(
        z=ratios,
        x=labels,
        y=labels,
        text=words,
        texttemplate="%{text}",
        textfont={"color": look.ink},
        hovertemplate="%{y} ∩ %{x}: %{text}<extra></extra>",
        zmin=0,
        zmax=1,
        colorscale=[[0, look.band], [1, ROLES[role_code("overlap")].fill(look)]],
        showscale=False,
        xgap=3,
        ygap=3,
    )
    figure = go.Figure(heat)
    figure.update_layout(
        **frame(look, 70 + 58 * len(names)),
        xaxis={"side": "top", "showgrid": False, "fixedrange": True},
        yaxis={"autorange": "reversed", "showgrid": False, "fixedrange": True},
    )
    return figure


def _cell(
    row: str,
    column: str,
    engines: Mapping[str, Mapping[str, Any]],
    pairs: Mapping[frozenset[str], Mapping[str, Any]],
) -> tuple[float | None, str]:
    if row == column:
        return None, f"busy {duration_text(engines[row]['busy_ns'])}"
    found = pairs.get(frozenset((row, column)))
    if found is None or found["ratio"] is None:
        return None, "–"
    return found["ratio"], f"{found['ratio']:.0%}<br>{duration_text(found['overlap_ns'])}"
