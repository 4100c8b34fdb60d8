"""All ranks of a job in one picture: when each ran, how late it came, how busy its engines were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from timeline.engines import ENGINES
from timeline.figures.frame import bare_axis, frame
from timeline.figures.palette import ROLES, SM_SHADES, Theme, role_code, theme_named
from timeline.figures.units import unit_for

__all__ = ["many_ranks"]

_TALLEST_ROW_PX, _LEAST_ROW_PX, _MOST_PX = 30, 5, 1400
_HEAD_PX = 96


@dataclass(frozen=True, slots=True)
class _Row:
    """A device of a rank."""

    label: str
    start_ns: int
    makespan_ns: int
    late_ns: int | None
    busy: Mapping[str, float | None]
    stands_out: bool


def many_ranks(job: Mapping[str, Any], theme: Literal["light", "dark"] = "light") -> go.Figure:
    """Draw the ranks of a job, one a row, by number; those that stand out are dark.

    Parameters
    ----------
    job : mapping
        The JSON of :class:`timeline.ranks.Job`.
    """
    rows, look = _rows(job), theme_named(theme)
    late = any(row.late_ns is not None for row in rows)
    titles = ["when it ran, on one clock", "late to collectives", "engines busy"]
    figure = make_subplots(
        rows=1,
        cols=3,
        shared_yaxes=True,
        column_widths=[0.46, 0.24 if late else 0.02, 0.30],
        horizontal_spacing=0.03,
        subplot_titles=titles if late else [titles[0], "", titles[2]],
    )
    _spans(figure, rows, look)
    if late:
        _lateness(figure, rows, look)
    _heat(figure, rows, look)
    row_px = max(min(_TALLEST_ROW_PX, _MOST_PX / max(len(rows), 1)), _LEAST_ROW_PX)
    figure.update_layout(
        **frame(look, _HEAD_PX + round(row_px * len(rows)), left=86, top=40, bottom=46),
        bargap=0.25,
        barmode="overlay",
    )
    figure.update_annotations(font={"size": 12, "color": look.muted})
    figure.update_yaxes(
        **bare_axis(look, autorange="reversed", showgrid=False, type="category", ticks="")
    )
    return figure


def _rows(job: Mapping[str, Any]) -> list[_Row]:
    standing = {each["rank"] for each in job["stragglers"]}
    several = any(len(rank["devices"]) > 1 for rank in job["ranks"])
    return [
        _Row(
            f"rank {rank['rank']}" + (f" · GPU {device['device']}" if several else ""),
            rank["aligned_start_ns"],
            device["makespan_ns"],
            rank["mean_lateness_ns"],
            _busy(device),
            rank["rank"] in standing,
        )
        for rank in job["ranks"]
        for device in rank["devices"]
    ]


def _busy(device: Mapping[str, Any]) -> dict[str, float | None]:
    whole = device["makespan_ns"]
    found = {e: ns / whole if whole else None for e, ns in device["busy_ns"].items() if ns}
    return {**found, "idle": device["idle_ratio"]}


def _colours(rows: Sequence[_Row], look: Theme) -> list[str]:
    plain = ROLES[role_code("busy")].fill(look)
    return [look.ink if row.stands_out else plain for row in rows]


def _spans(figure: go.Figure, rows: Sequence[_Row], look: Theme) -> None:
    unit = unit_for(max((row.start_ns + row.makespan_ns for row in rows), default=1))
    bars = go.Bar(
        orientation="h",
        base=[row.start_ns / unit.ns for row in rows],
        x=[row.makespan_ns / unit.ns for row in rows],
        y=[row.label for row in rows],
        marker={"color": _colours(rows, look)},
        customdata=[[row.start_ns, row.makespan_ns] for row in rows],
        hovertemplate=(
            "<b>%{y}</b><br>starts at +%{customdata[0]:,d} ns, "
            "takes %{customdata[1]:,d} ns<extra></extra>"
        ),
    )
    figure.add_trace(bars, row=1, col=1)
    figure.update_xaxes(**_time_axis(look, unit.name), row=1, col=1)


def _lateness(figure: go.Figure, rows: Sequence[_Row], look: Theme) -> None:
    known = [row.late_ns or 0 for row in rows]
    unit = unit_for(max(map(abs, known), default=1))
    bars = go.Bar(
        orientation="h",
        x=[ns / unit.ns for ns in known],
        y=[row.label for row in rows],
        marker={"color": _colours(rows, look)},
        customdata=known,
        hovertemplate="<b>%{y}</b><br>%{customdata:,d} ns late on average<extra></extra>",
    )
    figure.add_trace(bars, row=1, col=2)
    figure.update_xaxes(**_time_axis(look, unit.name), row=1, col=2)


def _time_axis(look: Theme, unit: str) -> Mapping[str, Any]:
    title = {"text": unit, "font": {"color": look.muted, "size": 12}, "standoff": 4}
    return bare_axis(look, title=title, exponentformat="none", separatethousands=True)


def _heat(figure: go.Figure, rows: Sequence[_Row], look: Theme) -> None:
    names = [e for e in (*ENGINES, "idle") if any(e in row.busy for row in rows)]
    ratios = [[row.busy.get(name, 0.0) for name in names] for row in rows]
    few = len(rows) <= 40
    heat = go.Heatmap(
        z=ratios,
        x=names,
        y=[row.label for row in rows],
        zmin=0,
        zmax=1,
        colorscale=[[0, look.band], [1, SM_SHADES[0]]],
        showscale=False,
        xgap=2,
        ygap=2 if few else 0,
        texttemplate="%{z:.0%}" if few else None,
        hovertemplate="<b>%{y}</b><br>%{x} %{z:.1%} of the makespan<extra></extra>",
    )
    figure.add_trace(heat, row=1, col=3)
    figure.update_xaxes(**bare_axis(look, showgrid=False, side="bottom"), row=1, col=3)
