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
    return time_text(found["blocked_ns"]) if found else UNDEFINED


def _host_blocked(device: Json) -> str:
    rows = device["host_waits"]
    return time_text(sum(row["blocked_ns"] for row in rows)) if rows else UNDEFINED


_COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("makespan", lambda d: time_text(d["makespan_ns"])),
    ("bound", lambda d: time_text(d["bound_ns"])),
    ("efficiency", lambda d: ratio_text(d["pipeline_efficiency"])),
    ("H2D ∩ SM", _overlap("H2D", "SM")),
    ("D2H ∩ SM", _overlap("D2H", "SM")),
    ("D2H ∩ H2D", _overlap("D2H", "H2D")),
    ("all three", _overlap("D2H", "H2D", "SM")),
    ("hidden copies", lambda d: ratio_text(d["hidden_copy_ratio"])),
    ("launch gap", _nested("launch_gaps", "median_ns")),
    ("barrier", _barrier),
    ("host blocked", _host_blocked),
)
_ALWAYS = ("makespan", "bound", "efficiency")


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

    @property
    def rows(self) -> list[dict[str, str]]:
        """One row for each trace and device, as text; columns that no row has are left out.

        The speed-up is against the first row of the same device.
        """
        lines = [(found, device) for found in self.reports for device in found["devices"]]
        first: dict[int, int] = {}
        rows = []
        for found, device in lines:
            against = first.setdefault(device["device"], device["makespan_ns"])
            rows.append(self._row(found, device, against))
        used = {head for row in rows for head, text in row.items() if text != UNDEFINED}
        return [{h: t for h, t in row.items() if h in used or h in _ALWAYS} for row in rows]

    def _row(self, found: Json, device: Json, first_ns: int) -> dict[str, str]:
        labels = found["labels"]
        ns = device["makespan_ns"]
        speedup = f"{first_ns / ns:.2f}×" if ns else UNDEFINED
        several = any(len(one["devices"]) > 1 for one in self.reports)
        names = {
            "technique": str(labels.get("technique", "") or found["trace"]),
            "variant": str(labels.get("variant", "")) or UNDEFINED,
            "device": str(device["device"]) if several else UNDEFINED,
        }
        cells = {head: cell(device) for head, cell in _COLUMNS}
        return {**names, "speed-up": speedup, **cells}

    def table(self) -> Table:
        """As a table of rich."""
        from rich.table import Table

        from timeline.report.tables import grid

        rows = self.rows
        if not rows:
            return Table()
        heads = tuple(rows[0])
        names = sum(head in ("technique", "variant", "device") for head in heads)
        return grid(heads, [tuple(r.values()) for r in rows], right=range(names, len(heads)))

    def print(self, console: Console | None = None) -> None:
        """Print the table, by default to stdout."""
        from rich.console import Console

        (console or Console(highlight=False)).print(self.table())


def compare_table(traces: Sequence[Trace]) -> Comparison:
    """Measure each trace and set the results side by side."""
    return Comparison(tuple(report(trace).to_json() for trace in traces))
