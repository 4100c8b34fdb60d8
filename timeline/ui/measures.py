"""The report of a trace as what the page shows: headline figures and tables of plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timeline.figures.units import duration_text

__all__ = ["Headline", "engine_rows", "headlines", "overlap_rows"]

Device = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Headline:
    """One big number.

    Attributes
    ----------
    change : str or None
        Against the baseline, with its sign.
    better : str
        Which sign is good: ``higher`` or ``lower``; empty for neither.
    """

    label: str
    value: str
    explanation: str
    change: str | None = None
    better: str = ""


def headlines(device: Device, baseline: Device | None = None) -> list[Headline]:
    """Headline figures of one device of a report, with their change against a baseline's.

    Parameters
    ----------
    device, baseline : mapping
        Entries of ``devices`` in the JSON of :func:`timeline.report.report`.
    """
    return [
        _time(device, baseline, "makespan_ns", "Makespan", "First start to last end."),
        _time(
            device,
            None,
            "bound_ns",
            "Bound",
            "No schedule of this work is shorter: the busiest engine, or the critical path.",
        ),
        _ratio(
            device,
            baseline,
            "pipeline_efficiency",
            "Pipeline efficiency",
            "Bound over makespan; 100 % when the limiting engine never idles.",
        ),
        _ratio(
            device,
            baseline,
            "overlap_efficiency",
            "Overlap efficiency",
            "How much of the overlap that is possible was had.",
        ),
        _ratio(
            device,
            baseline,
            "hidden_copy_ratio",
            "Hidden copies",
            "Part of the copy time during which a kernel ran.",
        ),
        _time(
            device,
            baseline,
            "exposed_copy_ns",
            "Exposed copies",
            "Copy time during which no kernel ran.",
        ),
    ]


def _time(
    device: Device, baseline: Device | None, key: str, label: str, explanation: str
) -> Headline:
    value, before = device.get(key), (baseline or {}).get(key)
    if value is None:
        return Headline(label, "–", explanation)
    exact = f"{explanation} Exactly {value:,} ns."
    change = f"{value / before - 1:+.1%}" if before and before != value else None
    return Headline(label, duration_text(value), exact, change, "lower")


def _ratio(
    device: Device, baseline: Device | None, key: str, label: str, explanation: str
) -> Headline:
    value, before = device.get(key), (baseline or {}).get(key)
    if value is None:
        return Headline(label, "–", f"{explanation} Undefined here.")
    differs = before is not None and round(before, 3) != round(value, 3)
    change = f"{100 * (value - before):+.1f} points" if differs else None
    return Headline(label, f"{value:.1%}", explanation, change, "higher")


def engine_rows(device: Device) -> list[dict[str, Any]]:
    """One row an engine."""
    return [
        {
            "engine": name,
            "busy": found["busy_ratio"],
            "busy ns": found["busy_ns"],
            "activities": found["activities"],
        }
        for name, found in device["engines"].items()
    ]


def overlap_rows(device: Device) -> list[dict[str, Any]]:
    """One row a set of engines."""
    return [
        {
            "engines": " ∩ ".join(found["engines"]),
            "ratio": found["ratio"],
            "overlap ns": found["overlap_ns"],
        }
        for found in device["overlaps"]
    ]
