"""Findings as text: a short table in a report, and each at length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from timeline.report.tables import grid, short
from timeline.report.units import percent_text, time_text
from timeline.text import printable

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["finding_lines", "finding_table"]

Json = dict[str, Any]


def finding_table(found: Sequence[Json]) -> Table | None:
    """One line a finding; None without any."""
    rows = [
        (one["code"], time_text(one["cost_ns"]), percent_text(one["share"]), one["summary"])
        for one in found
    ]
    return grid(("finding", "cost", "of makespan", ""), rows, right=(1, 2)) if rows else None


def finding_lines(one: Json) -> Iterator[str]:
    """All that a finding says."""
    cost = f"{time_text(one['cost_ns'])}, {percent_text(one['share'])} of the makespan"
    yield f"{one['code']} ({one['severity']}): {cost}"
    yield f"  {one['title']}"
    yield f"  seen: {printable(one['summary'])}{_where(one)}"
    for site in one["sites"]:
        yield f"  at: {_site(site)}"
    yield f"  cost: by {one['cost_by']}, {one['cost_how']}"
    for text in one["assumed"]:
        yield f"  assumed: {text}"
    yield f"  do: {one['advice']}"
    fix = f"; what-if: {one['fix']}" if one["fix"] else ""
    yield f"  see: {one['page']}{fix}"


def _where(one: Json) -> str:
    device = f"device {one['device']}" if one["device"] >= 0 else ""
    shown, more = one["streams"][:6], len(one["streams"]) - 6
    streams = ", ".join(map(str, shown)) + (f" and {more} more" if more > 0 else "")
    parts = filter(None, (device, f"stream {streams}" if streams else ""))
    return "".join(f"; {part}" for part in parts)


def _site(site: Json) -> str:
    """Range, call and activity, as far as they are known."""
    inside = f"range {short(site['range'])!r}" if site["range"] else ""
    parts = (inside, site["call"], short(site["activity"]))
    where = ", ".join(filter(None, parts)) or "a place that the trace does not name"
    return f"{printable(where)} ({site['count']:,} times, {time_text(site['ns'])})"
