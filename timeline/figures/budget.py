"""Where the makespan went, as one bar a row: engines, the critical path, copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import plotly.graph_objects as go

from timeline.figures.frame import bare_axis, frame
from timeline.figures.palette import ROLES, Theme, ink_on, role_code, theme_named
from timeline.figures.shares import Look, ShareRow, share_rows
from timeline.figures.units import Unit, duration_text, unit_for

__all__ = ["budget"]

_ROW_PX = 34
_LABELLED = 0.07
"""Least part of the makespan that a bar must be to hold its name."""


def budget(device: Mapping[str, Any], theme: Literal["light", "dark"] = "light") -> go.Figure:
    """Draw how the time of a device divides, with a line at the bound.

    Parameters
    ----------
    device : mapping
        An entry of ``devices`` in the JSON of :func:`timeline.report.report`.
    """
    rows, look = share_rows(device), theme_named(theme)
    makespan, bound = device["makespan_ns"], device["bound_ns"]
    unit = unit_for(makespan)
    figure = go.Figure(list(_bars(rows, makespan, unit, look)))
    figure.update_layout(
        **frame(look, _ROW_PX * max(len(rows), 1) + 84, left=118, top=30, bottom=54),
        barmode="stack",
        bargap=0.3,
        xaxis=bare_axis(
            look,
            range=[0, makespan * 1.01 / unit.ns],
            title={"text": f"time ({unit.name})", "font": {"color": look.muted}, "standoff": 6},
            exponentformat="none",
            separatethousands=True,
        ),
        yaxis=bare_axis(
            look, autorange="reversed", showgrid=False, tickfont={"color": look.ink}, ticks=""
        ),
    )
    if 0 < bound <= makespan:
        _mark(figure, bound / unit.ns, f"bound {duration_text(bound)}", look)
    return figure


def _bars(rows: Sequence[ShareRow], makespan: int, unit: Unit, theme: Theme) -> Iterator[go.Bar]:
    """One bar a part, from left to right."""
    for row in rows:
        for part in row.parts:
            share = part.ns / makespan if makespan else 0.0
            yield go.Bar(
                orientation="h",
                x=[part.ns / unit.ns],
                y=[row.label],
                marker=_marker(part.look, theme),
                text=[part.name if share > _LABELLED else ""],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="inside",
                textfont={"size": 11, "color": _ink(part.look, theme)},
                customdata=[[part.ns, share]],
                hovertemplate=(
                    f"<b>{row.label}: {part.name}</b><br>%{{customdata[0]:,d}} ns, "
                    "%{customdata[1]:.1%}<extra></extra>"
                ),
            )


def _marker(look: Look, theme: Theme) -> Mapping[str, Any]:
    fill = ROLES[role_code(look.role)].fill(theme)
    edge = {"color": theme.paper, "width": 1}
    if not look.pattern:
        return {"color": fill, "line": edge}
    pattern = {"shape": look.pattern, "fillmode": "overlay", "size": 7, "solidity": 0.2}
    return {"color": theme.band, "pattern": {**pattern, "fgcolor": fill}, "line": edge}


def _ink(look: Look, theme: Theme) -> str:
    return theme.ink if look.pattern else ink_on(ROLES[role_code(look.role)].fill(theme))


def _mark(figure: go.Figure, at: float, words: str, theme: Theme) -> None:
    line = {"color": theme.ink, "width": 1.4, "dash": "dash"}
    ends = {"xref": "x", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1.03}
    figure.add_shape(type="line", line=line, **ends)
    figure.add_annotation(
        x=at,
        yref="paper",
        y=1.03,
        yanchor="bottom",
        xanchor="right",
        text=words,
        showarrow=False,
        font={"size": 11, "color": theme.ink},
    )
