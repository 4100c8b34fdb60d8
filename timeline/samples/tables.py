"""The tables of Markdown that pages have of a technique's samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from timeline.analysis.shows import Check, Result, check_shows
from timeline.report.units import ratio_text, time_text
from timeline.samples.markdown import table
from timeline.samples.variants import Sample
from timeline.techniques import technique

__all__ = ["check_results", "check_table", "figure_text", "measure_table"]

_OVERLAPS = {
    "copies": "copies beside kernels",
    "kernels": "kernels beside kernels",
    "devices": "devices at once",
    "communication": "communication hidden",
}
_CHECKS = ("must show", "figure", "found", "must be", "holds")


def measure_table(
    found: Sequence[Sample],
    place: Callable[[Sample], str],
    more: Mapping[str, Callable[[Sample], str]] | None = None,
) -> str:
    """Each variant's measures beside those of the first.

    Parameters
    ----------
    place : callable
        Where a variant's trace is, seen from the page.
    more : mapping of str to callable, optional
        Columns to add: heading, and the text of a variant.
    """
    columns: dict[str, Callable[[Sample], str]] = {
        "variant": lambda s: f"[{s.variant}]({place(s)})",
        "changes": lambda s: s.changes,
        "makespan": lambda s: time_text(s.totals.makespan_ns),
        "against the baseline": lambda s: _against(s, found[0]),
        "bound": lambda s: time_text(s.totals.bound_ns),
        "pipeline efficiency": lambda s: ratio_text(s.totals.pipeline_efficiency),
    }
    for overlap, heading in _OVERLAPS.items():
        if any(getattr(sample.totals, overlap) is not None for sample in found):
            columns[heading] = _ratio(overlap)
    columns |= more or {}
    return table(tuple(columns), ([cell(s) for cell in columns.values()] for s in found))


def _ratio(overlap: str) -> Callable[[Sample], str]:
    return lambda sample: ratio_text(getattr(sample.totals, overlap))


def _against(sample: Sample, first: Sample) -> str:
    if sample.gpus != first.gpus:  # the two can't be compared
        return f"on {sample.gpus}"
    return f"{first.totals.makespan_ns / sample.totals.makespan_ns:.2f}×"


def check_results(found: Sequence[Sample]) -> list[Result]:
    """What a technique must show and does; nothing while variants are missing."""
    name = found[0].technique
    if len(found) < len(technique(name).variants):
        return []
    return check_shows(name, {sample.variant: sample.trace for sample in found})


def check_table(results: Sequence[Result]) -> str:
    """What must be shown beside what was found; empty without results."""
    return table(_CHECKS, map(_check, results)) if results else ""


def _check(result: Result) -> Sequence[str]:
    check = result.check
    holds = "yes" if result.ok else "**no**"
    return check.name, check.doc, figure_text(result.value), _limits(check), holds


def figure_text(value: float) -> str:
    """A figure of a check, with three decimals or as a whole number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"


def _limits(check: Check) -> str:
    limits = (("at least", check.least), ("at most", check.most))
    return ", ".join(f"{word} {limit:g}" for word, limit in limits if math.isfinite(limit))
