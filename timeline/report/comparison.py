"""Several traces side by side, such as the variants of a technique."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from timeline.report.build import report
from timeline.report.units import UNDEFINED, ratio_text, time_text
from timeline.trace import Trace

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["Comparison", "compare_table"]

Json = dict[str, Any]
Cell = Callable[[Json], str]


def _overlap(*engines: str) -> Cell:
    wanted = sorted(engines)

    def text(device: Json) -> str:
        found = [row for row in device["overlaps"] if row["engines"] == wanted]
        return ratio_text(found[0]["ratio"]) if found else UNDEFINED

    return text


def _nested(key: str, field: str) -> Cell:
    return lambda device: time_text(device[key][field]) if device[key] else UNDEFINED


def _barrier(device: Json) -> str:
    found = device["barriers"]
    return time_text(found["held_ns"]) if found else UNDEFINED


def _hidden_communication(device: Json) -> str:
    found = device["communication"]
    return ratio_text(found["hidden_ratio"]) if found else UNDEFINED


def _host_blocked(device: Json) -> str:
    rows = device["host_waits"]
    return time_text(sum(row["blocked_ns"] for row in rows)) if rows else UNDEFINED


_GROUPS: tuple[tuple[tuple[str, Cell], ...], ...] = (
    (
        ("makespan", lambda d: time_text(d["makespan_ns"])),
        ("bound", lambda d: time_text(d["bound_ns"])),
        ("efficiency", lambda d: ratio_text(d["pipeline_efficiency"])),
        ("hidden copies", lambda d: ratio_text(d["hidden_copy_ratio"])),
        ("hidden comm.", _hidden_communication),
    ),
    (
        ("H2D ∩ SM", _overlap("H2D", "SM")),
        ("D2H ∩ SM", _overlap("D2H", "SM")),
        ("D2H ∩ H2D", _overlap("D2H", "H2D")),
        ("all three", _overlap("D2H", "H2D", "SM")),
    ),
    (
        ("launch gap", _nested("launch_gaps", "median_ns")),
        ("held by barriers", _barrier),
        ("host blocked", _host_blocked),
    ),
)
"""Columns, and which of them stand in one table: a terminal of 80 columns holds each."""


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """Reports of several traces.

    Attributes
    ----------
    reports : tuple of dict
        The JSON of each report, in the order given.
    """

    reports: tuple[Json, ...]

    def to_json(self) -> list[Json]:
        """The reports as JSON."""
        return list(self.reports)

    def rows(self, group: int = 0) -> list[dict[str, str]]:
        """One row for each trace and device, as text.

        Names that are the same everywhere, and columns that no row has, are left out. The speed-up
        is against the first row of the same device.

        Parameters
        ----------
        group : int
            0: makespan, bound and efficiency. 1: overlap ratios. 2: launch gaps, barriers and time
            for which the host was blocked.
        """
        first: dict[int, int] = {}
        rows = []
        for found in self.reports:
            for device in found["devices"]:
                against = first.setdefault(device["device"], device["makespan_ns"])
                cells = {head: cell(device) for head, cell in _GROUPS[group]}
                if group == 0:
                    cells["speed-up"] = _speedup(against, device["makespan_ns"])
                rows.append(_names(found, device) | cells)
        return _without_empty(rows)

    def tables(self) -> list[Table]:
        """As tables of rich, those that have something to say."""
        from timeline.report.tables import grid

        found = []
        for group in range(len(_GROUPS)):
            rows = self.rows(group)
            heads = tuple(rows[0]) if rows else ()
            names = sum(head in _NAMES for head in heads)
            if len(heads) > names:
                cells = [tuple(row.values()) for row in rows]
                found.append(grid(heads, cells, right=range(names, len(heads))))
        return found

    def print(self, console: Console | None = None) -> None:
        """Print the tables, by default to stdout."""
        from rich.console import Console

        console = console or Console(highlight=False, markup=False, emoji=False)
        for table in self.tables():
            console.print(table)


_NAMES = ("technique", "variant", "device")


def _names(found: Json, device: Json) -> dict[str, str]:
    labels = found["labels"]
    return {
        "technique": str(labels.get("technique") or found["trace"]),
        "variant": str(labels.get("variant") or UNDEFINED),
        "device": str(device["device"]),
    }


def _speedup(first_ns: int, ns: int) -> str:
    return f"{first_ns / ns:.2f}×" if ns else UNDEFINED


def _without_empty(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    distinct = {head: {row[head] for row in rows} for head in (rows[0] if rows else ())}
    kept = [
        head
        for head, texts in distinct.items()
        if head == "variant" or (texts != {UNDEFINED} and (head not in _NAMES or len(texts) > 1))
    ]
    return [{head: row[head] for head in kept} for row in rows]


def compare_table(traces: Sequence[Trace]) -> Comparison:
    """Measure each trace and set the results side by side."""
    return Comparison(tuple(report(trace).to_json() for trace in traces))
