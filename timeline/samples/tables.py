"""The tables of Markdown that pages have of a technique's samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from timeline.analysis.shows import Check, Result, check_shows
from timeline.report.units import ratio_text, time_text
from timeline.samples.markdown import table
from timeline.samples.variants import Sample
from timeline.techniques import technique

__all__ = ["MEASURES", "check_results", "check_table", "figure_text", "measure_cells"]

MEASURES = (
    "variant",
    "changes",
    "makespan",
    "against the baseline",
    "bound",
    "pipeline efficiency",
    "copies beside kernels",
    "kernels beside kernels",
    "devices at once",
)
"""Headings of :func:`measure_cells`."""

_CHECKS = ("must show", "figure", "found", "must be", "holds")


def measure_cells(sample: Sample, first: Sample, place: str) -> tuple[str, ...]:
    """A variant's measures beside those of the first one, which a link to ``place`` names."""
    measured = sample.whole
    same = sample.gpus == first.gpus  # else the two can't be compared
    speedup = first.whole.makespan_ns / measured.makespan_ns
    return (
        f"[{sample.variant}]({place})",
        sample.changes,
        time_text(measured.makespan_ns),
        f"{speedup:.2f}×" if same else f"on {sample.gpus}",
        time_text(measured.bound_ns),
        ratio_text(measured.pipeline_efficiency),
        ratio_text(measured.copies),
        ratio_text(measured.kernels),
        ratio_text(measured.devices),
    )


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
