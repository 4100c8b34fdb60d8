"""Measures as text; one that is undefined is a dash, never a zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timeline.figures.units import duration_text

__all__ = ["longest_device", "ratio_text", "speedup_text", "time_text"]

UNDEFINED = "–"


def longest_device(found: Mapping[str, Any]) -> dict[str, Any]:
    """The device of a report's JSON that took longest; it decides how long the Program takes."""
    device: dict[str, Any] = max(found["devices"], key=lambda d: d["makespan_ns"])
    return device


def time_text(ns: int | None) -> str:
    """A time with its unit."""
    return UNDEFINED if ns is None else duration_text(ns)


def ratio_text(value: float | None) -> str:
    """A ratio with three decimals."""
    return UNDEFINED if value is None else f"{value:.3f}"


def speedup_text(baseline_ns: int, ns: int) -> str:
    """How many times faster than the baseline."""
    return f"{baseline_ns / ns:.2f}×" if ns else UNDEFINED
