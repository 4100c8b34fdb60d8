"""Numbers as people read them: a unit that fits the span, and ticks at round times."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Unit", "byte_text", "duration_text", "ticks", "unit_for"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time and its length in ns."""

    name: str
    ns: int


_UNITS = (Unit("ns", 1), Unit("µs", 1_000), Unit("ms", 1_000_000), Unit("s", 1_000_000_000))


def unit_for(span_ns: int) -> Unit:
    """Return the largest unit of which ``span_ns`` holds at least ten."""
    fitting = [unit for unit in _UNITS if abs(span_ns) >= 10 * unit.ns]
    return fitting[-1] if fitting else _UNITS[0]


def duration_text(ns: int) -> str:
    """A length of time with four significant digits, such as ``12.34 µs``."""
    unit = next((u for u in reversed(_UNITS) if abs(ns) >= u.ns), _UNITS[0])
    if unit.ns == 1:
        return f"{ns} ns"
    value = ns / unit.ns
    decimals = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0
    return f"{value:,.{decimals}f} {unit.name}"


def byte_text(nbytes: int) -> str:
    """An amount of memory in binary units, such as ``16 MiB``."""
    value, units = float(nbytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while abs(value) >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.4g} {units[0]}"


def ticks(start_ns: int, end_ns: int, most: int = 10) -> range:
    """Round times (1, 2 or 5 times a power of ten, in ns) within ``[start_ns, end_ns]``."""
    span = max(end_ns - start_ns, 1)
    step = 1
    while span // step > most:
        step = _next_step(step)
    first = -(-start_ns // step) * step
    return range(first, end_ns + 1, step)


def _next_step(step: int) -> int:
    power = 10 ** (len(str(step)) - 1)
    return {1: 2, 2: 5, 5: 10}[step // power] * int(power)
