"""All that is known of one span, as a page shows it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from timeline.errors import UsageError
from timeline.figures.escape import plain
from timeline.figures.units import byte_text, duration_text
from timeline.tiles.waits import WAITS
from timeline.ui.canvas.links import Link
from timeline.ui.canvas.shown import Shown
from timeline.ui.later import are_read

__all__ = ["brief", "details"]

_TIMES = ("start", "end", "queued", "submitted")
_WORDS = {
    "copy_kind": "copy",
    "src_kind": "from",
    "dst_kind": "to",
    "src_device": "from device",
    "dst_device": "to device",
    "static_shared": "static shared memory, bytes",
    "dynamic_shared": "dynamic shared memory, bytes",
    "registers": "registers a thread",
    "graph_node": "graph node",
    "return_code": "return code",
    "pdl": "programmatic dependent launch",
}


def details(shown: Shown, track: int, place: int) -> dict[str, Any]:
    """Facts and links of the span at a place of a track.

    Raises
    ------
    UsageError
        When there is none.
    """
    found, index = _span(shown, track, place), shown.index
    table, row = found["table"], int(index.tracks[track].spans.row[place])
    if table == WAITS:
        return found | _wait(shown, row, found)
    values = shown.trace.tables[table].slice(row, 1).to_pylist()[0]
    title = plain(str(values.get("name") or values.get("role") or table), 2000)
    links = [_linked(shown, link) for link in shown.links.of(table, row)]
    return found | {
        "title": title,
        "facts": _facts(values, index.origin),
        "links": [link for link in links if link is not None],
    }


def _span(shown: Shown, track: int, place: int) -> dict[str, Any]:
    index = shown.index
    if not 0 <= track < len(index.tracks) or not 0 <= place < len(index.tracks[track]):
        raise UsageError("no such bar in this trace; load the page again")
    spans = index.tracks[track].spans
    return {
        "track": track,
        "place": place,
        "last": len(spans) - 1,
        "start": int(spans.start[place]),
        "end": int(spans.end[place]),
        "table": index.tables[track],
        "name": int(spans.name[place]),
    }


def brief(shown: Shown, track: int, place: int) -> dict[str, Any]:
    """What :func:`details` says, as far as it is known while the trace is still to be read.

    ``whole`` says whether that is all.
    """
    if are_read(shown.trace):
        return details(shown, track, place) | {"whole": True}
    found = _span(shown, track, place)
    title = shown.texts(found["table"], [found["name"]])[0][1] or found["table"]
    return found | {"title": title, "facts": _times(found), "links": [], "whole": False}


def _times(found: dict[str, Any]) -> list[tuple[str, str]]:
    length = found["end"] - found["start"]
    return [
        ("from the first activity", f"{found['start']:,} ns"),
        ("length", f"{length:,} ns ({duration_text(length)})"),
    ]


def _wait(shown: Shown, row: int, found: dict[str, Any]) -> dict[str, Any]:
    """A wait, and who waited for whom."""
    waits = shown.index.waits
    ends = (("waited for", waits.waited_for[row]), ("who waited", waits.waiting[row]))
    links = [
        _linked(shown, Link(kind, "activities", int(other))) for kind, other in ends if other >= 0
    ]
    return {
        "title": shown.texts(WAITS, [found["name"]])[0][1],
        "facts": _times(found),
        "links": [link for link in links if link is not None],
    }


def _facts(values: dict[str, Any], origin: int) -> list[tuple[str, str]]:
    length = values["end"] - values["start"]
    found = [
        ("from the first activity", f"{values['start'] - origin:,} ns"),
        ("length", f"{length:,} ns ({duration_text(length)})"),
        ("trace time", f"{values['start']:,} to {values['end']:,} ns"),
    ]
    if values.get("submitted") is not None:
        found.append(
            ("submitted before its start", f"{values['start'] - values['submitted']:,} ns")
        )
    nbytes = values.get("bytes")
    if nbytes is not None:
        rate = f" at {nbytes / length:.2f} GB/s" if length else ""
        found.append(("bytes", f"{nbytes:,} ({byte_text(nbytes)}){rate}"))
    for name, value in values.items():
        if name in (*_TIMES, "name", "bytes") or value in (None, False) or value == [0, 0, 0]:
            continue
        text = " × ".join(map(str, value)) if isinstance(value, list) else str(value)
        found.append((_WORDS.get(name, name), "yes" if value is True else plain(text, 400)))
    return found


def _linked(shown: Shown, link: Link) -> dict[str, Any] | None:
    trace, index = shown.trace, shown.index
    start, end = (int(trace.column(link.table, c)[link.row]) - index.origin for c in _TIMES[:2])
    place = index.place_of(link.table, link.row, start)
    if place is None:
        return None
    code = int(trace.column(link.table, "name")[link.row])
    name: pa.Array = index.names[link.table]
    return {
        "kind": link.kind,
        "name": plain(name[code].as_py() or "", 200) if code >= 0 else link.table,
        "track": place[0],
        "place": place[1],
        "start": start,
        "end": end,
    }
