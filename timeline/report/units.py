"""Times, ratios and amounts as text that lines up in columns; an undefined one is a dash."""

from __future__ import annotations

__all__ = ["UNDEFINED", "byte_text", "percent_text", "ratio_text", "telling", "time_text"]

UNDEFINED = "–"

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))


def time_text(ns: float | None) -> str:
    """A time in the largest unit that it fills, with four digits: ``12.34 µs``."""
    if ns is None or ns != ns:
        return UNDEFINED
    for size, unit in _UNITS:
        if abs(ns) >= size:
            value = ns / size
            digits = max(0, 4 - len(str(int(abs(value)))))
            return f"{value:,.{digits}f} {unit}"
    return f"{ns:,.0f} ns"


def ratio_text(value: float | None) -> str:
    """A ratio with three decimals."""
    return UNDEFINED if value is None or value != value else f"{value:.3f}"


def percent_text(value: float | None) -> str:
    """A ratio in percent with one decimal."""
    return UNDEFINED if value is None or value != value else f"{value:.1%}".replace("%", " %")


def byte_text(nbytes: int | None) -> str:
    """An amount of memory in binary units."""
    if nbytes is None:
        return UNDEFINED
    value, units = float(nbytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while abs(value) >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:,.4g} {units[0]}" if value < 1000 else f"{value:,.0f} {units[0]}"


def telling(overlap_efficiency: float | None) -> float | None:
    """An overlap efficiency; None below −1, where it only says that idle time outweighs all."""
    few = overlap_efficiency is None or overlap_efficiency < -1
    return None if few else overlap_efficiency
