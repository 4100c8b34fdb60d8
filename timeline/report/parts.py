"""What a window went to, and groups that the user named, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from timeline.report.tables import grid
from timeline.report.units import percent_text, ratio_text, time_text

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["parts_and_groups"]

Json = dict[str, Any]

_PARTS = {
    "compute_ns": "computing",
    "exposed_communication_ns": "communication, exposed",
    "exposed_memory_ns": "copies and memsets, exposed",
    "other_ns": "other work",
    "idle_ns": "idle",
}


def parts_and_groups(one: Json) -> Iterator[RenderableType]:
    """A table of the parts; of groups two more, where there are any."""
    yield _breakdown(one)
    yield from _groups(one)


def _breakdown(one: Json) -> RenderableType:
    """The window in parts, those without time left out."""
    parts = one["breakdown"]
    length = sum(parts.values())
    rows = [
        (text, time_text(parts[key]), percent_text(parts[key] / length if length else None))
        for key, text in _PARTS.items()
        if parts[key] or key in ("compute_ns", "idle_ns")
    ]
    return grid(("the window went to", "time", "of window"), rows, right=(1, 2))


def _groups(one: Json) -> Iterator[RenderableType]:
    if not one["groups"]:
        return
    rows = [
        (
            row["name"],
            f"{row['activities']:,}",
            time_text(row["busy_ns"]),
            time_text(row["alone_ns"]),
        )
        for row in one["groups"]
    ]
    heads = ("group", "activities", "busy", "beside nothing else")
    yield grid(heads, rows, right=(1, 2, 3))
    pairs = [
        (" ∩ ".join(row["groups"]), time_text(row["overlap_ns"]), ratio_text(row["ratio"]))
        for row in one["group_overlaps"]
    ]
    if pairs:
        yield grid(("groups at once", "time", "of the shorter"), pairs, right=(1, 2))
