"""Verdicts in words."""

from __future__ import annotations

from timeline.check.measures import MEASURES
from timeline.check.noise import Interval
from timeline.check.verdicts import Outcome, Verdict
from timeline.report.units import ratio_text, time_text

__all__ = ["change_text", "noise_text", "reason", "value_text", "what"]


def value_text(measure: str, value: float) -> str:
    """A figure in the unit of its measure."""
    unit = MEASURES[measure].unit
    if unit == "ns":
        return time_text(value)
    return ratio_text(value) if unit == "ratio" else f"{value:,g}"


def change_text(measure: str, before: float, now: float) -> str:
    """From one figure to another: in percent of a time, plain of ratios and counts."""
    change = now - before
    unit = MEASURES[measure].unit
    if unit == "ratio":
        return f"{change:+.3f}"
    if unit == "count":
        return f"{change:+,g}"
    if not before:
        return f"{'+' if change > 0 else ''}{time_text(change)}"
    return f"{change / abs(before):+.1%}".replace("%", " %")


def what(verdict: Verdict) -> str:
    """The figure, with its scope and device: ``busy[SM], device 1``."""
    return ", ".join(filter(None, (str(verdict.name), str(verdict.place))))


def noise_text(measure: str, before: Interval | None, now: Interval) -> str:
    """The ranges in which the medians lie, where there are repeats to tell."""
    parts = [
        f"{when} {_between(measure, one)} in {one.count} repeats"
        for when, one in (("before", before), ("now", now))
        if one is not None and one.count > 1
    ]
    return "; ".join(parts)


def _between(measure: str, found: Interval) -> str:
    low, high = (value_text(measure, end) for end in (found.low, found.high))
    return low if low == high else f"{low} to {high}"


def reason(verdict: Verdict) -> str:
    """Why a figure passed or failed, in a line."""
    measure, rule = verdict.name.measure, verdict.threshold
    now = value_text(measure, verdict.now.median)
    told = noise_text(measure, verdict.before, verdict.now)
    if verdict.before is None or not rule.needs_baseline:
        return f"{what(verdict)} is {now}, must be {rule.text!r}"
    before = verdict.before.median
    moved = (
        f"{what(verdict)} {value_text(measure, before)} → {now} "
        f"({change_text(measure, before, verdict.now.median)}), allowed {rule.text!r}"
    )
    if verdict.outcome is Outcome.NOISE:
        return f"{moved}, but within noise: {told}"
    return f"{moved}; {told}" if told else moved
