"""Colours: the Okabe–Ito palette, one meaning a colour in every picture.

Okabe and Ito, "Color Universal Design" (2008): eight colours that people with any common form of
colour blindness tell apart. Blue is always the SMs (its shade is the kernel family), amber H2D,
vermilion D2H, purple a peer link, green an overlap, grey the host; a hatch is somebody waiting.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "DARK",
    "ENGINE_ROLES",
    "LIGHT",
    "ROLES",
    "SM_SHADES",
    "Role",
    "Theme",
    "ink_on",
    "role_code",
    "theme_named",
]


@dataclass(frozen=True, slots=True)
class Role:
    """What a bar stands for, and how it looks.

    Attributes
    ----------
    colour : str
        Fill on a light page; ``dark`` replaces it on a dark one, if given.
    hatched : bool
        Whether the fill is a hatch: somebody waits.
    legend : str
        Text of the legend; empty for roles that the row's label explains.
    """

    key: str
    colour: str
    legend: str = ""
    dark: str = ""
    hatched: bool = False

    def fill(self, theme: Theme) -> str:
        """Colour on a page of this theme."""
        return self.dark if self.dark and theme.name == "dark" else self.colour


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of the page around the bars."""

    name: str
    paper: str
    ink: str
    muted: str
    grid: str
    band: str


LIGHT = Theme("light", "#FFFFFF", "#1B1F24", "#5B6470", "#E3E7EC", "#F5F7F9")
DARK = Theme("dark", "#0F1318", "#E8ECF1", "#9AA4B1", "#2A313A", "#161B22")

SM_SHADES = ("#0072B2", "#56B4E9", "#8C9EE0", "#1E93A8", "#A3D5F2", "#3D5FB0")
"""Blues of the kernel families, neighbours far apart in lightness; the last one is shared."""

ROLES: tuple[Role, ...] = (
    *(Role(f"sm{i}", shade, "SM") for i, shade in enumerate(SM_SHADES)),
    Role("h2d", "#E69F00", "H2D copy"),
    Role("d2h", "#D55E00", "D2H copy"),
    Role("d2d", "#F0E442", "D2D copy"),
    Role("p2p", "#CC79A7", "peer copy"),
    Role("memset", "#C9BE2B", "memset"),
    Role("graph", "#7AA6C2", "graph"),
    Role("host_func", "#6F7782", "", dark="#8B95A3"),
    Role("call", "#A4ABB5", "", dark="#6C7683"),
    Role("blocked", "#8A929D", "host waits", dark="#8A929D", hatched=True),
    Role("host_work", "#6F7782", "", dark="#8B95A3"),
    Role("range", "#D9DEE6", "", dark="#343C48"),
    Role("stamp_load", "#F2C879", "loader"),
    Role("stamp", "#5AA0CC", "compute"),
    Role("stamp_store", "#E39B73", "storer"),
    Role("stamp_prologue", "#A9C9E0", "prologue", dark="#7FA6C4"),
    Role("stamp_epilogue", "#8091D6", "epilogue"),
    Role("stamp_wait", "#8A929D", "waiting in the kernel", hatched=True),
    Role("busy", "#B7BEC8", "", dark="#4A5462"),
    Role("overlap", "#7CCBB2", "SM and a copy", dark="#2F7A65"),
    Role("overlap3", "#009E73", "SM and two copies"),
    Role("pdl", "#009E73", "overlap within a stream"),
    Role("barrier", "#5B6470", "barrier", dark="#9AA4B1", hatched=True),
)
"""Every role, in the order of the legend."""

ENGINE_ROLES = {
    "H2D": "h2d",
    "D2H": "d2h",
    "D2D": "d2d",
    "P2P": "p2p",
    "MEMSET": "memset",
    "GRAPH": "graph",
    "HOST": "host_func",
}
"""Roles of the engines but the SMs, whose roles are those of their kernels."""

_CODES = {role.key: code for code, role in enumerate(ROLES)}


def role_code(key: str) -> int:
    """Index into :data:`ROLES`."""
    return _CODES[key]


def theme_named(name: str) -> Theme:
    """Return the light or the dark theme; any other name is the light one."""
    return DARK if name == "dark" else LIGHT


def ink_on(fill: str) -> str:
    """Black or white, whichever reads better on ``fill`` (WCAG 2 relative luminance)."""
    channels = (int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#10141A" if luminance > 0.2 else "#FFFFFF"
