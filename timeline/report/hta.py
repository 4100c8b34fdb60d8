"""Figures by HTA's definitions, with what each of its choices changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from timeline.analysis import Selection, devices
from timeline.analysis.hta import Figures, Step, steps
from timeline.report.tables import grid
from timeline.report.units import UNDEFINED
from timeline.text import printable
from timeline.trace import Trace

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["HtaReport", "hta_report", "print_hta"]

Json = dict[str, Any]

_HEADS = (
    "rank",
    "idle_time(us)",
    "compute_time(us)",
    "non_compute_time(us)",
    "kernel_time(us)",
    "idle_time_pctg",
    "compute_time_pctg",
    "non_compute_time_pctg",
    "comp_comm_overlap_pctg",
)
_CAUSES = {
    "exact": "timeline: exact unions of {rows:,} activities",
    "without stream": "{rows:,} activities without a stream are left out",
    "by name": "kernels' names alone say what {rows:,} of them are",
    "synchronisations": "{rows:,} synchronisations that carry a stream count as work",
    "host ranges": "{rows:,} host ranges that carry a stream (Triton) count as work",
    "last step": "{rows:,} rows issued after the last ProfilerStep began are left out",
    "rounded": "HTA: starts rounded up, ends down to whole µs; {rows:,} rows have no length left",
}


@dataclass(frozen=True, eq=False, slots=True)
class HtaReport:
    """One trace by HTA's definitions.

    Attributes
    ----------
    rank : int
        That of the trace, or 0, as HTA has it.
    steps : tuple of Step
        The last one is HTA's.
    """

    name: str
    rank: int
    steps: tuple[Step, ...]
    notes: tuple[str, ...]

    @property
    def figures(self) -> Figures:
        """What HTA gives."""
        return self.steps[-1].figures

    def to_json(self) -> Json:
        """As JSON: HTA's columns by its names, then the way to them from the exact figures."""
        return {
            "trace": self.name,
            **dict(zip(_HEADS, _row(self.rank, self.figures), strict=True)),
            "steps": [
                {
                    "name": step.name,
                    "because": _because(step),
                    "rows": step.rows,
                    "by_chance_us": step.by_chance_us,
                }
                | dict(zip(_HEADS[1:], _row(self.rank, step.figures)[1:], strict=True))
                for step in self.steps
            ],
            "notes": list(self.notes),
        }


def hta_report(trace: Trace, name: str, communicating: Selection | None = None) -> HtaReport:
    """Measure a trace as HTA does.

    Parameters
    ----------
    communicating : Selection, optional
        Kernels that communicate, in the exact figures, besides those known by name or arguments.
    """
    told = trace.meta.labels.get("rank")
    found = steps(trace, communicating)
    return HtaReport(
        name, told if isinstance(told, int) else 0, found, tuple(_notes(trace, found[-1]))
    )


def _notes(trace: Trace, last: Step) -> list[str]:
    notes, figures = list(trace.meta.missing()), last.figures
    if trace.meta.source != "kineto":
        notes.append("HTA reads PyTorch's traces alone: these are its definitions, on this trace.")
    if len(devices(trace)) > 1:
        notes.append("HTA takes all devices of a file for one; timeline report tells them apart.")
    if not figures.kernel_ns:
        notes.append("HTA stops here with an IndexError: no row that it counts.")
    elif figures.refused:
        notes.append("HTA stops here with an AssertionError: a part is longer than the whole.")
    if last.by_chance_us:
        notes.append(
            "Rows that end before they start, once rounded, count or not by the order in which HTA "
            f"sorts rows of the same µs: its figures may differ by up to {last.by_chance_us:,} µs."
        )
    return notes


def _row(rank: int, figures: Figures) -> tuple[Any, ...]:
    times = (figures.idle_ns, figures.compute_ns, figures.non_compute_ns, figures.kernel_ns)
    shares = (*figures.percentages, figures.overlap_percentage)
    return rank, *(ns / 1000 for ns in times), *shares


def _because(step: Step) -> str:
    return _CAUSES[step.name].format(rows=step.rows)


def print_hta(reports: Sequence[HtaReport], console: Console | None = None) -> None:
    """Print HTA's table, one row a trace, and below it how each row comes about."""
    from rich.console import Console

    console = console or Console(highlight=False)
    rows = [list(map(_text, _row(one.rank, one.figures))) for one in reports]
    console.print(grid(_HEADS, rows, right=range(len(_HEADS))), markup=False)
    for one in reports:
        console.print()
        console.print(printable(f"rank {one.rank}: {one.name}"), markup=False, highlight=False)
        console.print(_ways(one), markup=False)
        for note in one.notes:
            console.print(f"note: {note}", markup=False, highlight=False)


def _ways(one: HtaReport) -> RenderableType:
    heads = ("idle µs", "compute µs", "non-compute µs", "in all µs", "overlap %", "because")
    rows = []
    for step in one.steps:
        times = _row(one.rank, step.figures)[1:5]
        shown = (*times, step.figures.overlap_percentage)
        rows.append([*map(_text, shown), _because(step)])
    return grid(heads, rows, right=range(len(heads) - 1))


def _text(value: float | None) -> str:
    if value is None:
        return UNDEFINED
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
