"""What the page must know before it draws: lanes, their looks, and the palette."""

from __future__ import annotations

import json
from typing import Any
from weakref import WeakKeyDictionary

from timeline.figures.escape import plain
from timeline.figures.host_lanes import blocks_host
from timeline.figures.palette import DARK, LIGHT, ROLES, SM_SHADES, Theme, ink_on, role_code
from timeline.figures.stamp_lanes import look
from timeline.tiles import BUCKETS, Index, Lane
from timeline.tiles.idle import CAUSES
from timeline.ui.canvas.causes import idle_looks
from timeline.ui.canvas.exports import forms
from timeline.ui.canvas.shown import Shown
from timeline.ui.written import file_stem

__all__ = ["MOST_NAMES", "inlined", "manifest"]

_LOOKS = {
    "SM": f"sm{len(SM_SHADES) - 1}",
    "H2D": "h2d",
    "D2H": "d2h",
    "D2D": "d2d",
    "P2P": "p2p",
    "MEMSET": "memset",
    "GRAPH": "graph",
    "HOST": "host_func",
    "other": "host_func",
    "idle": "host_func",
}
MOST_NAMES = 100_000
"""Names of a table that a page is told something about."""


_MOST_INLINED = 200_000
_MADE: WeakKeyDictionary[Index, tuple[dict[str, Any], int]] = WeakKeyDictionary()


def inlined(shown: Shown) -> dict[str, Any]:
    """The manifest for the page's own data, which spares it a request; nothing if it is large."""
    made, size = _once(shown)
    return {"manifest": made | _titled(shown)} if size <= _MOST_INLINED else {}


def manifest(shown: Shown) -> dict[str, Any]:
    """The JSON that the page reads once a trace; made once an index."""
    return _once(shown)[0] | _titled(shown)


def _titled(shown: Shown) -> dict[str, Any]:
    return {"title": plain(shown.title), "stem": file_stem(shown.title)}


def _once(shown: Shown) -> tuple[dict[str, Any], int]:
    """What the index alone tells, and how long it is as JSON."""
    index = shown.index
    if index not in _MADE:
        made = _made(shown)
        _MADE[index] = made, len(json.dumps(made))
    return _MADE[index]


def _made(shown: Shown) -> dict[str, Any]:
    index = shown.index
    number = iter(range(len(index.rows)))
    return {
        "origin": str(index.origin),
        "first": index.first,
        "last": index.last,
        "length": index.length,
        "view": index.view,
        "buckets": BUCKETS,
        "events": index.events,
        "groups": [
            {"label": plain(group.label), "lanes": [_lane(lane, number) for lane in group.lanes]}
            for group in index.groups
        ],
        "engines": {str(device): list(sets.engines) for device, sets in index.sets.items()},
        "themes": {theme.name: _theme(theme) for theme in (LIGHT, DARK)},
        "roles": [_role(code) for code in range(len(ROLES))],
        "shades": list(shown.shades.items()),
        "causes": CAUSES,
        "blocked": _blocking(index),
        "idle": idle_looks(),
        "exports": forms(),
        "stamps": [look(role or "") for role in _names(index, "stamps")],
    }


def _lane(lane: Lane, number: Any) -> dict[str, Any]:
    rows = [
        {"row": next(number), "tracks": list(row.tracks), "device": row.device} for row in lane.rows
    ]
    return {
        "key": lane.key,
        "label": plain(lane.label, 60),
        "table": lane.table,
        "look": role_code(_LOOKS.get(lane.look, lane.look)),
        "rows": rows,
        **({"lazy": True} if lane.table == "idle" else {}),
        "streams": _streams(lane),
        "parts": [_lane(part, number) for part in lane.parts],
    }


def _streams(lane: Lane) -> list[list[int]]:
    """Tracks of each stream that overlaps itself, as dependent launches and graphs do."""
    if lane.table != "activities":
        return []
    streams = [[n for row in one.rows for n in row.tracks] for one in lane.parts or (lane,)]
    return [tracks for tracks in streams if len(tracks) > 1]


def _role(code: int) -> dict[str, Any]:
    role = ROLES[code]
    fills = {theme.name: role.fill(theme) for theme in (LIGHT, DARK)}
    return {
        "key": role.key,
        "fill": fills,
        "ink": {
            theme.name: theme.ink if role.hatched else ink_on(fills[theme.name])
            for theme in (LIGHT, DARK)
        },
        "hatched": role.hatched,
        "legend": role.legend,
    }


def _theme(theme: Theme) -> dict[str, str]:
    names = ("paper", "ink", "muted", "grid", "band")
    return {name: getattr(theme, name) for name in names}


def _blocking(index: Index) -> list[int]:
    """Codes of the calls that keep their thread until the device is done."""
    names = _names(index, "calls")
    return [code for code, name in enumerate(names) if blocks_host(name or "")]


def _names(index: Index, table: str) -> list[str | None]:
    known = index.names.get(table)
    found: list[str | None] = [] if known is None else known[:MOST_NAMES].to_pylist()
    return found
