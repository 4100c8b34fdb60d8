"""The headline figures of a device: those that this trace has something to say about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from timeline.figures.escape import html_text
from timeline.figures.units import duration_text
from timeline.report.units import telling

__all__ = ["Headline", "as_html", "headlines", "overlap_efficiency", "together_headlines"]

Device = Mapping[str, Any]

_NOTABLE = 20


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

    Copies, launch gaps and waits appear where either trace has some that matter.

    Parameters
    ----------
    device, baseline : mapping
        Entries of ``devices`` in the JSON of :func:`timeline.report.report`.
    """
    both = [device, *([baseline] if baseline else [])]
    found = [
        _time(device, baseline, "makespan_ns", "Makespan", "First start to last end."),
        _time(device, None, "bound_ns", "Bound", _BOUND),
        _ratio(device, baseline, "pipeline_efficiency", "Efficiency", _EFFICIENCY),
    ]
    if any(map(_copies_matter, both)):
        found += _copies(device, baseline)
    if any(d["barriers"] and d["barriers"]["waits"] for d in both):
        found.append(_nested(device, baseline, ("barriers", "blocked_ns"), "Held", _HELD))
    if any(d["pdl"] for d in both):
        gap = ("launch_gaps", "median_ns")
        found.append(_nested(device, baseline, gap, "Launch gap", _GAP))
        found += _dependent(device)
    return found


def together_headlines(found: Mapping[str, Any]) -> list[Headline]:
    """Headline figures over all devices.

    Parameters
    ----------
    found : mapping
        ``together`` in the JSON of :func:`timeline.report.report`.
    """
    spread = "How far apart the devices' first and last activities are."
    shown = [
        _time(found, None, "makespan_ns", "Makespan", "First start to last end on any device."),
        _time(found, None, "bound_ns", "Bound", _BOUND),
        _ratio(found, None, "pipeline_efficiency", "Efficiency", _EFFICIENCY),
        _ratio(found, None, "imbalance", "Imbalance", "Longest busy time over the mean, less one."),
        _time(found, None, "start_spread_ns", "Starts apart", spread),
        _time(found, None, "end_spread_ns", "Ends apart", spread),
    ]
    hidden = found["hidden_communication_ratio"]
    if hidden is not None:
        words = "Part of the communication during which the device computed."
        shown.append(
            _ratio(found, None, "hidden_communication_ratio", "Hidden communication", words)
        )
    return shown


_BOUND = "No schedule of this work is shorter: the busiest engine, or the critical path."
_EFFICIENCY = "Pipeline efficiency: bound over makespan; 1 when the limiting engine never idles."
_HELD = "Time during which the legacy default stream held a stream, or waited for one."
_GAP = "Median time from a kernel's end to the start of the next one in its stream."
_EPILOGUE = "Median part of a kernel's time after its trigger during which the next one ran."


def _copies_matter(device: Device) -> bool:
    return _NOTABLE * int(device["copy_ns"]) > int(device["makespan_ns"])


def _copies(device: Device, baseline: Device | None) -> list[Headline]:
    exposed = "Copy time during which no kernel ran."
    hidden = "Part of the copy time during which a kernel ran."
    possible = "How much of the overlap that is possible was had; negative when engines idled more."
    found = [
        _ratio(device, baseline, "hidden_copy_ratio", "Hidden copies", hidden),
        _time(device, baseline, "exposed_copy_ns", "Exposed copies", exposed),
    ]
    if overlap_efficiency(device) is not None:
        found.insert(
            0, _ratio(device, baseline, "overlap_efficiency", "Overlap efficiency", possible)
        )
    return found


def overlap_efficiency(device: Device) -> float | None:
    """The measure, where it tells something."""
    return telling(device["overlap_efficiency"])


def _dependent(device: Device) -> list[Headline]:
    used = (device["pdl"] or {}).get("epilogue_overlap")
    return [] if used is None else [Headline("Epilogue overlap", f"{used:.1%}", _EPILOGUE)]


def _nested(
    device: Device, baseline: Device | None, path: tuple[str, str], label: str, explanation: str
) -> Headline:
    outer, inner = path
    flat = {inner: (device[outer] or {}).get(inner)}
    before = {inner: (baseline[outer] or {}).get(inner)} if baseline else None
    return _time(flat, before, inner, label, explanation)


def _time(
    device: Device, baseline: Device | None, key: str, label: str, explanation: str
) -> Headline:
    value, before = device.get(key), (baseline or {}).get(key)
    if value is None:
        return Headline(label, "–", explanation)
    value = round(value)
    shown, exact = duration_text(value).replace("-", "−"), f"{explanation} Exactly {value:,} ns."
    if before is None or before == value:
        return Headline(label, shown, exact)
    if before <= 0 or value <= 0:
        change = f"from {duration_text(round(before))}"
    else:
        change = f"{value / before - 1:+.1%}"
    return Headline(label, shown, exact, change.replace("-", "−"), value < before)


def _ratio(
    device: Device, baseline: Device | None, key: str, label: str, explanation: str
) -> Headline:
    value, before = device.get(key), (baseline or {}).get(key)
    if value is None:
        return Headline(label, "–", f"{explanation} Undefined here.")
    shown = f"{value:.1%}".replace("-", "−")
    if before is None or round(before, 3) == round(value, 3):
        return Headline(label, shown, explanation)
    change = f"{100 * (value - before):+.1f} pp".replace("-", "−")
    return Headline(label, shown, explanation, change, value > before)


def as_html(found: Sequence[Headline]) -> str:
    """Headline figures as a definition list, escaped."""
    return f'<dl class="figures">{"".join(map(_figure, found))}</dl>'


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
