"""Gantt pictures as SVG, with the standard library alone: for documents, and without a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from timeline.errors import UsageError
from timeline.figures.choice import Repeat, RowsChoice, chosen_repeat, chosen_rows
from timeline.figures.escape import plain
from timeline.figures.families import families
from timeline.figures.lane import Rows
from timeline.figures.palette import ROLES, theme_named
from timeline.figures.rows import rows_of
from timeline.figures.svg_panel import Panel, Scale
from timeline.figures.svg_parts import Pen
from timeline.figures.units import duration_text, ticks, unit_for
from timeline.trace import Trace

__all__ = ["MOST_BARS", "gantt_svg"]

_MARGIN = 20
_LABELS = 138
MOST_BARS = 2_000
"""Bars of one picture, above which its rows are summed up in buckets."""


def gantt_svg(
    traces: Trace | Mapping[str, Trace],
    *,
    repeat: Repeat = "median",
    window: tuple[int, int] | None = None,
    rows: RowsChoice = "auto",
    host: bool = False,
    stamps: bool = False,
    kernel: str = "",
    sms: int = 0,
    width: int = 1200,
    theme: str = "light",
    title: str = "",
    subtitle: str = "",
    most: int = MOST_BARS,
    tips: bool = True,
) -> str:
    """Draw one trace, or several one above the other on one axis, each from its first activity.

    Parameters
    ----------
    traces : Trace or mapping of str to Trace
        By name, the baseline first; each says how its makespan compares with the first one's.
    repeat : int, "median" or None
        Which repeat to show of each: an index, the one of median makespan, or all of the trace.
        Traces without repeats are shown whole.
    rows : {"auto", "engine", "stream"}
        What the rows of a device stand for; ``auto`` takes streams if copies hardly matter.
    window : (int, int), optional
        Trace time, ns; clips what is shown.
    host, stamps : bool
        Whether to show host threads and NVTX ranges, and spans inside kernels.
    kernel : str, optional
        Zoom in on one launch, that of median duration, of a kernel whose blocks wrote stamps: its
        name, or a part of it.
    sms : int
        SMs to show, from the first, with the roles of the blocks on each.
    width : int
        Pixels. The height follows from the rows.
    theme : {"light", "dark"}
        Its colours.
    title, subtitle : str
        Above it; by default what the traces say of themselves.
    most : int
        Bars above which rows are summed up in buckets.
    tips : bool
        Whether bars tell their names and lengths under the pointer, where there are few; a picture
        that a page embeds as an image does so nowhere.

    Returns
    -------
    str
        A whole SVG document, the same for the same traces, byte for byte.

    Raises
    ------
    UsageError
        Without traces, for an empty window, or a repeat that a trace doesn't have.
    """
    named = {"": traces} if isinstance(traces, Trace) else dict(traces)
    if not named:
        raise UsageError("nothing to draw: give at least one trace")
    known, by = families(named.values()), chosen_rows(rows, named.values())
    found = {
        name: rows_of(
            trace,
            window=window,
            repeat=None if window else chosen_repeat(repeat, trace),
            by=by,
            host=host,
            stamps=stamps,
            kernel=kernel,
            sms=sms,
            known=known,
            most=most // len(named),
            clip=True,
        )
        for name, trace in named.items()
    }
    return _Page(named, found, known, width, theme, tips=tips).document(title, subtitle)


class _Page:
    """One document."""

    def __init__(
        self,
        traces: Mapping[str, Trace],
        found: Mapping[str, Rows],
        known: tuple[str, ...],
        width: int,
        theme: str,
        *,
        tips: bool,
    ) -> None:
        self._traces = traces
        self._found = found
        self._known = known
        self._width = width
        self._tips = tips
        self._theme = theme_named(theme)
        self._pen = Pen(self._theme)
        span = max(max(rows.window[1] - rows.window[0] for rows in found.values()), 1)
        self._scale = Scale(_MARGIN + _LABELS, width - _MARGIN - 8, span)

    def document(self, title: str, subtitle: str) -> str:
        pen, y = self._pen, float(_MARGIN)
        if title:
            pen.text(_MARGIN, y + 15, title, size=19, weight=650)
            y += 28
        if subtitle:
            pen.text(_MARGIN, y + 10, subtitle, size=13, fill=self._theme.muted)
            y += 22
        top = y
        headed = any(self._found)
        panels = [
            Panel(
                pen,
                self._scale,
                rows,
                self._traces[name],
                _MARGIN,
                headed=not headed,
                tips=self._tips,
            )
            for name, rows in self._found.items()
        ]
        heights = [panel.height for panel in panels]
        bottom = top + sum(heights) + len(panels) * (34 if headed else 6)
        self._grid(top + (26 if headed else 0), bottom)
        first = next(iter(self._found.values())).makespan_ns
        for (name, rows), panel in zip(self._found.items(), panels, strict=True):
            if headed:
                self._heading(y, name, rows, first)
                y += 30
            y = panel.draw(y, mark_end=headed) + (4 if headed else 6)
        self._axis(bottom)
        height = self._legend(bottom + 46, [role for p in panels for role in p.roles]) + 10
        return pen.document(self._width, height, title or "Timeline of GPU engines")

    def _heading(self, y: float, name: str, rows: Rows, first_ns: int) -> None:
        pen, x = self._pen, float(_MARGIN)
        x = pen.text(x, y + 19, name, size=14, weight=650) + 12
        x = pen.text(x, y + 19, duration_text(rows.makespan_ns), size=13) + 8
        if first_ns and rows.makespan_ns != first_ns:
            change = f"{rows.makespan_ns / first_ns - 1:+.1%}".replace("-", "−")
            x = pen.text(x, y + 19, change, size=13, weight=600) + 8
        if rows.hidden_copy_ratio is not None:
            words = f"· {rows.hidden_copy_ratio:.0%} of copy time hidden behind kernels"
            pen.text(x, y + 19, words, size=13, fill=self._theme.muted)

    def _ticks(self) -> Iterator[tuple[float, str]]:
        span = self._scale.span_ns
        unit = unit_for(span)
        for at in ticks(0, span, max(self._width // 110, 3)):
            yield self._scale.x(at), f"{at / unit.ns:,.6g}"

    def _grid(self, top: float, bottom: float) -> None:
        for x, _ in self._ticks():
            self._pen.line(x, top, x, bottom, self._theme.grid)

    def _axis(self, y: float) -> None:
        unit = unit_for(self._scale.span_ns)
        for x, words in self._ticks():
            self._pen.line(x, y, x, y + 4, self._theme.muted)
            self._pen.text(x, y + 17, words, size=11, fill=self._theme.muted, anchor="middle")
        self._pen.text(
            self._scale.left - 12, y + 17, unit.name, size=11, fill=self._theme.muted, anchor="end"
        )

    def _legend(self, y: float, used: list[int]) -> float:
        """Swatches of all roles used; returns the bottom of the legend."""
        pen, x = self._pen, float(_MARGIN)
        seen: set[str] = set()
        for code in sorted(set(used)):
            words = self._legend_text(code)
            if not words or words in seen:
                continue
            seen.add(words)
            if x + 24 + pen.width(words, 12) > self._width - _MARGIN:
                x, y = float(_MARGIN), y + 20
            pen.bar(x, y - 9, 14, 10, ROLES[code])
            x = pen.text(x + 19, y, words, size=12, fill=self._theme.muted) + 18
        return y + 6

    def _legend_text(self, code: int) -> str:
        role = ROLES[code]
        if role.legend != "SM":
            return role.legend
        index = int(role.key[2:])
        return f"SM: {plain(self._known[index], 32)}" if index < len(self._known) else "SM"
