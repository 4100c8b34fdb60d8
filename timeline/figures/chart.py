"""Puts rows into a Plotly figure: one ``go.Bar`` a role, on an axis in a unit that fits.

Not ``px.timeline``, which cuts times to whole milliseconds, and not Scattergl lines, which land in
wrong places. Lengths are exact: ``round(x * unit)`` is the number of ns, and the hover says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from timeline.figures.escape import html_text, short
from timeline.figures.frame import FONT
from timeline.figures.hover import Hover, hover
from timeline.figures.labels import inside, over
from timeline.figures.lane import Bars, Rows
from timeline.figures.layout import Box, Heading, Placed, place
from timeline.figures.palette import ROLES, Role, Theme, ink_on
from timeline.figures.units import Unit, duration_text
from timeline.trace import Trace

__all__ = ["Chart"]

ROW_PX = 27
MOST_TEXTS = 400


@dataclass
class _Layer:
    """What one ``go.Bar`` collects."""

    role: Role
    template: str
    shade: bool
    start: list[npt.NDArray[np.int64]] = field(default_factory=list)
    length: list[npt.NDArray[np.int64]] = field(default_factory=list)
    middle: list[npt.NDArray[np.float64]] = field(default_factory=list)
    height: list[npt.NDArray[np.float64]] = field(default_factory=list)
    data: list[npt.NDArray[np.float64]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)


class Chart:
    """Collects the rows of one or more traces, then makes the figure.

    Parameters
    ----------
    unit : Unit
        Of the time axis.
    theme : Theme
        Of the page.
    families : tuple of str
        Names of the SM shades, for the legend.
    """

    def __init__(self, unit: Unit, theme: Theme, families: tuple[str, ...]) -> None:
        self._unit = unit
        self._theme = theme
        self._families = families
        self._layers: dict[tuple[bool, int, str], _Layer] = {}
        self._placed: list[Placed] = []
        self._headings: list[Heading] = []
        self._ends: list[tuple[float, float, int]] = []
        self._words: list[tuple[float, float, int, str]] = []
        self._bottom = 0.0

    def add(self, rows: Rows, trace: Trace, heading: str = "", *, end: bool = False) -> None:
        """Stack the rows of a trace below what there is; its time 0 is the start of its view."""
        top = self._bottom
        if heading:
            self._headings.append(Heading(heading, top + 0.6))
            top += 1.1
        placed, headings, self._bottom = place(rows.lanes, top, headed=not heading)
        self._placed += placed
        self._headings += [Heading(html_text(h.text), h.middle) for h in headings]
        for lane in placed:
            self._lane(lane, trace, rows.window[0])
        if end:
            self._ends.append((top, self._bottom, rows.makespan_ns))
            self._bottom += 0.4

    def _lane(self, placed: Placed, trace: Trace, origin: int) -> None:
        lane, bars = placed.lane, placed.lane.bars
        few = len(bars) <= MOST_TEXTS
        for code in np.unique(bars.role).tolist():
            mine = bars.take(bars.role == code)
            words = inside(lane, mine, trace) if few else [""] * len(mine)
            found = hover(lane, mine, trace, origin)
            self._collect(code, mine, placed.boxes(mine), found, origin, words)
        shades = lane.shades
        for code in np.unique(shades.role).tolist():
            mine = shades.take(shades.role == code)
            nothing = Hover([""] * len(mine), np.zeros((len(mine), 0)), "")
            empty = [""] * len(mine)
            self._collect(code, mine, placed.whole(mine), nothing, origin, empty, shade=True)
        self._words += self._over(placed, origin)

    def _over(self, placed: Placed, origin: int) -> Iterator[tuple[float, float, int, str]]:
        """Middle, height, length and text of what is written over shades."""
        shades = placed.lane.shades
        tops = placed.above(shades)
        middles = ((shades.start + shades.end) / 2 - origin).tolist()
        heights, lengths = tops.top + tops.height / 2, shades.end - shades.start
        rows = zip(middles, heights.tolist(), lengths.tolist(), over(shades), strict=True)
        yield from (row for row in rows if row[3])

    def _collect(
        self,
        code: int,
        bars: Bars,
        box: Box,
        found: Hover,
        origin: int,
        words: list[str],
        *,
        shade: bool = False,
    ) -> None:
        key = (shade, code, found.template)
        layer = self._layers.setdefault(key, _Layer(ROLES[code], found.template, shade))
        layer.start.append(bars.start - origin)
        layer.length.append(bars.end - bars.start)
        layer.middle.append(box.top + box.height / 2)
        layer.height.append(box.height)
        layer.data.append(found.data)
        layer.text += found.text
        layer.inside += [html_text(word) for word in words]

    def figure(self, view: tuple[int, int], title: str = "", note: str = "") -> go.Figure:
        """Make the figure; ``view`` is what is seen at first, ns from the time 0 of the rows."""
        order = sorted(self._layers.items(), key=lambda item: item[0])
        shown: set[str] = set()
        figure = go.Figure([self._bar(layer, shown) for _, layer in order])
        if words := self._readable(view[1] - view[0]):
            figure.add_trace(self._written(words))
        figure.update_layout(self._layout(view, title))
        for heading in self._headings:
            figure.add_annotation(self._heading(heading))
        for top, bottom, makespan_ns in self._ends:
            self._mark_end(figure, top, bottom, makespan_ns)
        if note:
            figure.add_annotation(self._note(note))
        return figure

    def _bar(self, layer: _Layer, shown: set[str]) -> go.Bar:
        legend = self._legend(layer.role)
        first = bool(legend) and legend not in shown
        shown.update([legend] if first else [])
        unit = self._unit.ns
        texts = any(layer.inside)
        return go.Bar(
            orientation="h",
            base=np.concatenate(layer.start) / unit,
            x=np.concatenate(layer.length) / unit,
            y=np.concatenate(layer.middle).astype(np.float32),
            width=np.concatenate(layer.height).astype(np.float32),
            marker=self._marker(layer),
            name=legend,
            legendgroup=legend,
            legendrank=1000 + ROLES.index(layer.role),
            showlegend=first,
            customdata=None if layer.shade else np.concatenate(layer.data),
            hovertext=None if layer.shade else layer.text,
            hovertemplate=layer.template or None,
            hoverinfo="skip" if layer.shade else None,
            text=layer.inside if texts else None,
            textposition="inside" if texts else "none",
            insidetextanchor="middle",
            textangle=0,
            textfont={"size": 11, "color": self._text_colour(layer)},
            constraintext="inside",
            cliponaxis=True,
        )

    def _readable(self, span_ns: int) -> list[tuple[float, float, int, str]]:
        """Words over shades that are long enough to be told apart."""
        return [word for word in self._words if word[2] * 25 > span_ns]

    def _written(self, words: list[tuple[float, float, int, str]]) -> go.Scatter:
        return go.Scatter(
            x=[middle / self._unit.ns for middle, *_ in words],
            y=[height for _, height, *_ in words],
            text=[text for *_, text in words],
            mode="text",
            textfont={"size": 11, "color": self._theme.ink},
            hoverinfo="skip",
            showlegend=False,
        )

    def _text_colour(self, layer: _Layer) -> str:
        if layer.role.hatched:
            return self._theme.ink
        return ink_on(layer.role.fill(self._theme))

    def _legend(self, role: Role) -> str:
        if role.legend != "SM":
            return role.legend
        index = int(role.key[2:])
        if index >= len(self._families):
            return "other kernels"
        return html_text(short(self._families[index]), 40)

    def _marker(self, layer: _Layer) -> Mapping[str, Any]:
        fill = layer.role.fill(self._theme)
        if layer.role.hatched:
            pattern = {"shape": "/", "fillmode": "overlay", "size": 6, "solidity": 0.22}
            pattern |= {"fgcolor": fill, "fgopacity": 0.9}
            clear = _with_alpha(fill, 0.10)
            return {"color": clear, "pattern": pattern, "line": {"color": fill, "width": 1}}
        if layer.shade:
            return {"color": _with_alpha(fill, 0.30), "line": {"color": fill, "width": 1.5}}
        crowded = len(layer.text) > MOST_TEXTS
        edge = fill if crowded else self._theme.paper
        return {"color": fill, "line": {"color": edge, "width": 0 if crowded else 0.6}}

    def _layout(self, view: tuple[int, int], title: str) -> Mapping[str, Any]:
        theme, unit = self._theme, self._unit
        pad = max((view[1] - view[0]) * 0.012, 1)
        axis = {"gridcolor": theme.grid, "zeroline": False, "linecolor": theme.grid}
        return {
            "barmode": "overlay",
            "bargap": 0,
            "height": round(self._bottom * ROW_PX) + 92 + (30 if title else 0),
            "margin": {"l": 150, "r": 24, "t": 40 + (30 if title else 0), "b": 48},
            "paper_bgcolor": theme.paper,
            "plot_bgcolor": theme.paper,
            "font": {"family": FONT, "size": 12, "color": theme.ink},
            "title": {"text": html_text(title), "x": 0, "xref": "container", "pad": {"l": 12}},
            "hovermode": "closest",
            "hoverlabel": {"align": "left", "bgcolor": theme.band, "font": {"color": theme.ink}},
            "dragmode": "zoom",
            "uniformtext": {"minsize": 9, "mode": "hide"},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1,
                "yanchor": "bottom",
                "font": {"color": theme.muted},
                "itemsizing": "constant",
            },
            "xaxis": {
                **axis,
                "range": [(view[0] - pad) / unit.ns, (view[1] + pad) / unit.ns],
                "title": {
                    "text": f"time ({unit.name})",
                    "font": {"color": theme.muted, "size": 12},
                    "standoff": 6,
                },
                "exponentformat": "none",
                "separatethousands": True,
                "tickfont": {"color": theme.muted},
                "showspikes": True,
                "spikemode": "across",
                "spikethickness": 1,
                "spikedash": "dot",
                "spikecolor": theme.muted,
                "spikesnap": "cursor",
            },
            "yaxis": {
                **axis,
                "showgrid": False,
                "range": [self._bottom, -0.1],
                "fixedrange": True,
                "tickmode": "array",
                "tickvals": [p.middle for p in self._placed],
                "ticktext": [html_text(p.lane.label, 24) for p in self._placed],
                "ticks": "",
            },
        }

    def _heading(self, heading: Heading) -> Mapping[str, Any]:
        return {
            "xref": "paper",
            "x": 0,
            "xshift": -142,
            "xanchor": "left",
            "y": heading.middle,
            "yanchor": "middle",
            "text": f"<b>{heading.text}</b>",
            "showarrow": False,
            "font": {"size": 13, "color": self._theme.ink},
        }

    def _mark_end(self, figure: go.Figure, top: float, bottom: float, makespan_ns: int) -> None:
        at = makespan_ns / self._unit.ns
        line = {"color": self._theme.ink, "width": 1.2, "dash": "dash"}
        figure.add_shape(type="line", x0=at, x1=at, y0=top + 0.4, y1=bottom, line=line)
        figure.add_annotation(
            x=at,
            y=bottom + 0.05,
            yanchor="middle",
            xanchor="right",
            text=duration_text(makespan_ns),
            showarrow=False,
            font={"size": 11, "color": self._theme.ink},
        )

    def _note(self, note: str) -> Mapping[str, Any]:
        return {
            "xref": "paper",
            "yref": "paper",
            "x": 1,
            "y": 0,
            "yshift": -40,
            "xanchor": "right",
            "text": note,
            "showarrow": False,
            "font": {"size": 11, "color": self._theme.muted},
        }


def _with_alpha(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
