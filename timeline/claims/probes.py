"""Figures of ``python -m benchmarks.semantics``, whose JSON they take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from timeline.claims.claim import Json, Probe

__all__ = ["at", "largest_unheld", "longest_call_ns", "over", "waiting_share"]

BUSY_NS = 4_000_000
"""How long the probes keep a stream busy before they call."""

_SIZES = {"K": 1 << 10, "M": 1 << 20}


def at(*path: str) -> Probe:
    """The number at a path of keys."""

    def value(measured: Json) -> float:
        found = measured
        for key in path:
            found = found[key]
        return float(found)  # type: ignore[arg-type]

    return value


def over(part: Probe, whole: Probe) -> Probe:
    """One figure as a multiple of another."""
    return lambda measured: part(measured) / whole(measured)


def _calls(measured: Json, pattern: str) -> Iterator[tuple[str, Json]]:
    found = {name: row for name, row in measured["waits"].items() if re.fullmatch(pattern, name)}
    if not found:
        raise KeyError(pattern)
    yield from found.items()


def _waited(row: Json, busy: str) -> bool:
    """Whether the call took the busy stream's time longer than on an idle device."""
    return bool(row[busy] - row["idle"] > BUSY_NS / 2)


def waiting_share(pattern: str, busy: str) -> Probe:
    """Share of the calls of those names that waited for a stream.

    Parameters
    ----------
    busy : str
        ``own_stream_busy`` or ``other_stream_busy``.
    """

    def value(measured: Json) -> float:
        waited = [_waited(row, busy) for _, row in _calls(measured, pattern)]
        return sum(waited) / len(waited)

    return value


def largest_unheld(pattern: str) -> Probe:
    """Bytes of the largest of those calls that did not wait for its own busy stream; 0 if all did.

    The names end in a size such as ``2M``.
    """

    def value(measured: Json) -> float:
        free = [
            int(name.split()[-1][:-1]) * _SIZES[name[-1]]
            for name, row in _calls(measured, pattern)
            if not _waited(row, "own_stream_busy")
        ]
        return float(max(free, default=0))

    return value


def longest_call_ns(pattern: str) -> Probe:
    """Longest host time of those calls, whatever the device did meanwhile."""
    states = ("idle", "other_stream_busy", "own_stream_busy")
    return lambda measured: float(
        max(row[state] for _, row in _calls(measured, pattern) for state in states)
    )
