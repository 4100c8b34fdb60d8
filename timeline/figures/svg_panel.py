"""The rows of one trace as SVG."""

from __future__ import annotations

from dataclasses import dataclass

from timeline.figures.escape import plain
from timeline.figures.labels import inside, over
from timeline.figures.lane import Bars, Lane, Rows
from timeline.figures.layout import Box, Placed, place
from timeline.figures.palette import ROLES, ink_on
from timeline.figures.svg_parts import Pen
from timeline.trace import Trace

__all__ = ["Panel", "Scale"]

_ROW_PX = 25
_LEAST_PX = 0.8
_MOST_TIPS = 600


@dataclass(frozen=True, slots=True)
class Scale:
    """Time to pixels."""

    left: float
    right: float
    span_ns: int

    def x(self, ns: int) -> float:
        """Pixel of a time, ns from the start of the view."""
        return self.left + (self.right - self.left) * ns / self.span_ns


class Panel:
    """Draws the rows of one trace.

    Parameters
    ----------
    labels : float
        Left edge of the row labels.
    headed : bool
        Whether to name the device even if all rows belong to one.
    tips : bool
        Whether few bars tell their names and lengths under the pointer.
    """

    def __init__(
        self,
        pen: Pen,
        scale: Scale,
        rows: Rows,
        trace: Trace,
        labels: float,
        *,
        headed: bool,
        tips: bool,
    ) -> None:
        self._trace = trace
        self._pen = pen
        self._scale = scale
        self._rows = rows
        self._labels = labels
        self._placed, self._headings, self._bottom = place(rows.lanes, headed=headed)
        self._tips = tips and rows.bars <= _MOST_TIPS

    @property
    def height(self) -> float:
        """Pixels."""
        return self._bottom * _ROW_PX

    @property
    def roles(self) -> list[int]:
        """Codes of the roles that it shows."""
        lanes = self._rows.lanes
        return [
            int(c) for lane in lanes for bars in (lane.bars, lane.shades) for c in set(bars.role)
        ]

    def draw(self, y: float, *, mark_end: bool) -> float:
        """Draw from ``y`` downwards; returns the bottom."""
        pen, theme = self._pen, self._pen.theme
        for heading in self._headings:
            at = y + heading.middle * _ROW_PX + 4
            pen.text(self._labels, at, heading.text, size=12, weight=600, fill=theme.muted)
        for placed in self._placed:
            self._lane(placed, y)
        bottom = y + self.height
        if mark_end and 0 < self._rows.makespan_ns <= self._scale.span_ns:
            x = self._scale.x(self._rows.makespan_ns)
            pen.line(x, y + 4, x, bottom, theme.ink, "4 3")
        return bottom

    def _lane(self, placed: Placed, y: float) -> None:
        pen, lane, scale = self._pen, placed.lane, self._scale
        top, height = y + placed.top * _ROW_PX, placed.height * _ROW_PX
        pen.rect(scale.left, top, scale.right - scale.left, height, pen.theme.band)
        label, size = plain(lane.label, 20), 11 if lane.thin else 12.5
        pen.text(scale.left - 12, top + height / 2 + 4, label, size=size, anchor="end")
        if lane.kind in ("profile", "level") or lane.bucket_ns:
            self._steps(placed, y)
        else:
            self._bars(lane, placed.boxes(lane.bars), y)
        self._shades(lane.shades, placed.whole(lane.shades), y)

    def _steps(self, placed: Placed, y: float) -> None:
        """Outline of a lane whose bars say how much of something there is, role by role."""
        bars = placed.lane.bars
        for code in sorted(set(bars.role.tolist())):
            mine = bars.take(bars.role == code)
            tops = (y + placed.boxes(mine).top * _ROW_PX).tolist()
            spans = map(self._clipped, mine.start.tolist(), mine.end.tolist())
            steps = [(s[0], s[0] + s[1], top) for s, top in zip(spans, tops, strict=True) if s]
            self._pen.steps(steps, y + (placed.top + placed.height) * _ROW_PX, ROLES[code])

    def _bars(self, lane: Lane, box: Box, y: float) -> None:
        bars = lane.bars
        columns = (bars.start, bars.end, bars.role, bars.name, box.top, box.height)
        words = inside(lane, bars, self._trace)
        rows = zip(words, *(c.tolist() for c in columns), strict=True)
        for word, start, end, code, name, top, height in rows:
            if (ends := self._clipped(start, end)) is None:
                continue
            left, width = ends
            tall, at = height * _ROW_PX, y + top * _ROW_PX
            full = lane.names[name] if 0 <= name < len(lane.names) else ""
            tip = f"{full}: {end - start:,} ns" if self._tips and full else ""
            self._pen.bar(left, at, width, tall, ROLES[code], tip)
            if tall > 11:
                ink = self._pen.theme.ink
                ink = ink if ROLES[code].hatched else ink_on(ROLES[code].fill(self._pen.theme))
                self._name(word, left, at, width, tall, ink)

    def _name(
        self, words: str, left: float, top: float, width: float, height: float, ink: str
    ) -> None:
        sizes = (size for size in (11.0, 9.5) if self._pen.width(words, size) < width - 5)
        size = min(next(sizes, 0.0), height * 0.62)
        if words and size:
            middle = top + height / 2 + size * 0.35
            centre = left + width / 2
            self._pen.text(centre, middle, words, size=size, fill=ink, anchor="middle")

    def _shades(self, shades: Bars, box: Box, y: float) -> None:
        columns = (shades.start, shades.end, shades.role, box.top, box.height)
        rows = zip(over(shades), *(c.tolist() for c in columns), strict=True)
        free = 0.0
        for words, start, end, code, top, height in rows:
            if (ends := self._clipped(start, end)) is None:
                continue
            (left, width), at = ends, y + top * _ROW_PX
            self._pen.shade(left, at, width, height * _ROW_PX, ROLES[code])
            middle, half = left + width / 2, self._pen.width(words, 10) / 2
            if words and middle - half > free:
                self._pen.text(middle, at - 2, words, size=10, anchor="middle")
                free = middle + half + 4

    def _clipped(self, start: int, end: int) -> tuple[float, float] | None:
        """Left edge and width in pixels of what is in view."""
        first, last = self._rows.window
        if start >= last or end < first:
            return None
        left = self._scale.x(max(start, first) - first)
        right = self._scale.x(min(end, last) - first)
        return left, max(right - left, _LEAST_PX)
