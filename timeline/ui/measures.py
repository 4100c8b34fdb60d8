"""The report of a trace as what the page shows: headline figures and tables of plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from timeline.figures.escape import html_text
from timeline.figures.units import duration_text

__all__ = ["Headline", "as_html", "engine_rows", "headlines", "overlap_rows"]

Device = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Headline:
    """One big number.

    Attributes
    ----------
    change : str
        Against the baseline, with its sign; empty without a difference.
    better : bool or None
        Whether the change is for the better.
    """

    label: str
    value: str
    explanation: str
    change: str = ""
    better: bool | None = None


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
            "Efficiency",
            "Pipeline efficiency: bound over makespan; 100 % when the limiting engine never idles.",
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
    if not before or before == value:
        return Headline(label, duration_text(value), exact)
    change = f"{value / before - 1:+.1%}".replace("-", "−")
    return Headline(label, duration_text(value), exact, change, value < before)


def _ratio(
    device: Device, baseline: Device | None, key: str, label: str, explanation: str
) -> Headline:
    value, before = device.get(key), (baseline or {}).get(key)
    if value is None:
        return Headline(label, "–", f"{explanation} Undefined here.")
    if before is None or round(before, 3) == round(value, 3):
        return Headline(label, f"{value:.1%}", explanation)
    change = f"{100 * (value - before):+.1f} pp".replace("-", "−")
    return Headline(label, f"{value:.1%}", explanation, change, value > before)


def as_html(headlines: Sequence[Headline]) -> str:
    """Headline figures as a definition list; its text is ours and still escaped."""
    return f'<dl class="figures">{"".join(map(_figure, headlines))}</dl>'


def _figure(headline: Headline) -> str:
    change = ""
    if headline.change:
        kind = {True: "good", False: "bad", None: ""}[headline.better]
        change = f'<span class="change {kind}">{html_text(headline.change)}</span>'
    tip = html_text(headline.explanation).replace('"', "&quot;")
    return (
        f'<div class="figure" title="{tip}"><dt>{html_text(headline.label)}</dt>'
        f'<dd><span class="value">{html_text(headline.value)}</span>{change}</dd></div>'
    )


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
