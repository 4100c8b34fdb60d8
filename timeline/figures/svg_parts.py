"""The few SVG elements that a Gantt picture needs."""

from __future__ import annotations

from timeline.figures.escape import html_text
from timeline.figures.palette import ROLES, Role, Theme

__all__ = ["Pen"]

_FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
_NARROW = frozenset("fijlrtI.,:;'|!()[] ·-")
_WIDE = frozenset("mwMWµ%@—")


class Pen:
    """Writes elements one after the other. All text is escaped here.

    Parameters
    ----------
    theme : Theme
        Colours of the page.
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._parts: list[str] = []

    @staticmethod
    def width(words: str, size: float) -> float:
        """About how wide ``words`` are: a little more than in any of the fonts."""
        ems = sum(0.34 if c in _NARROW else 0.88 if c in _WIDE else 0.57 for c in words)
        return ems * size

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12,
        fill: str = "",
        weight: int = 400,
        anchor: str = "start",
    ) -> float:
        """Write ``words`` on the baseline ``y``; returns where they end, about."""
        attributes = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"'
        attributes += f' fill="{fill or self.theme.ink}"'
        attributes += f' font-weight="{weight}"' if weight != 400 else ""
        attributes += f' text-anchor="{anchor}"' if anchor != "start" else ""
        self._parts.append(f"<text {attributes}>{html_text(words)}</text>")
        return x + self.width(words, size) * (1.04 if weight > 500 else 1)

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str, dash: str = "") -> None:
        """Draw a straight line one pixel wide."""
        style = f' stroke-dasharray="{dash}"' if dash else ""
        ends = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
        self._parts.append(f'<line {ends} stroke="{stroke}"{style}/>')

    def rect(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Draw a plain area."""
        self._parts.append(f"<rect {_box(x, y, width, height)} fill={_q(fill)}/>")

    def bar(
        self, x: float, y: float, width: float, height: float, role: Role, tip: str = ""
    ) -> None:
        """Draw a bar in the looks of its role; ``tip`` shows under the pointer."""
        fill = role.fill(self.theme)
        look = f"fill={_q(fill)}"
        if role.hatched:
            look = f'fill="url(#{role.key})" stroke={_q(fill)} stroke-width="0.8"'
        corner = ' rx="2"' if width > 6 and height > 6 else ""
        if width > 4 and not role.hatched:
            look += f' stroke={_q(self.theme.paper)} stroke-width="0.7"'
        element = f"<rect {_box(x, y, width, height)}{corner} {look}"
        self._parts.append(
            f"{element}><title>{html_text(tip)}</title></rect>" if tip else element + "/>"
        )

    def steps(self, points: list[tuple[float, float, float]], base: float, role: Role) -> None:
        """Fill below a step line: (left, right, top) of each step, from left to right."""
        path = "".join(f"M{_n(x1)} {_n(base)}V{_n(y)}H{_n(x2)}V{_n(base)}z" for x1, x2, y in points)
        fill = f"url(#{role.key})" if role.hatched else role.fill(self.theme)
        self._parts.append(f"<path d={_q(path)} fill={_q(fill)}/>")

    def shade(self, x: float, y: float, width: float, height: float, role: Role) -> None:
        """Draw a translucent span over bars, or a hatch if the role is one."""
        if role.hatched:
            self.bar(x, y, width, height, role)
            return
        fill = _q(role.fill(self.theme))
        look = f'fill={fill} fill-opacity="0.28" stroke={fill} stroke-width="1.4"'
        self._parts.append(f'<rect {_box(x, y, width, height)} rx="2" {look}/>')

    def document(self, width: float, height: float, title: str) -> str:
        """Everything written so far, as one document."""
        size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONT}" role="img">'
        page = f'<rect width="100%" height="100%" fill="{self.theme.paper}"/>'
        name = f"<title>{html_text(title)}</title>"
        return "\n".join([head, name, self._hatches(), page, *self._parts, "</svg>"]) + "\n"

    def _hatches(self) -> str:
        patterns = "".join(self._hatch(role) for role in ROLES if role.hatched)
        return f"<defs>{patterns}</defs>"

    def _hatch(self, role: Role) -> str:
        size = 'width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
        stroke = role.fill(self.theme)
        ground = f'<rect width="6" height="6" fill="{stroke}" fill-opacity="0.12"/>'
        line = f'<line x1="0" y1="0" x2="0" y2="6" stroke="{stroke}" stroke-width="2.2"/>'
        return f'<pattern id="{role.key}" {size}>{ground}{line}</pattern>'


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _q(value: str) -> str:
    return f'"{value}"'


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
