"""How busy each engine was."""

from __future__ import annotations

from dataclasses import dataclass

from timeline.analysis.work import Work

__all__ = ["Utilization", "utilization"]


@dataclass(frozen=True, slots=True)
class Utilization:
    """Busy time of an engine.

    Attributes
    ----------
    busy_ns : int
        |B(e)|: time during which at least one activity ran on the engine, ns.
    busy_ratio : float or None
        |B(e)| / |W|; None in a window without length.
    activities : int
        Activities on the engine.
    """

    engine: str
    busy_ns: int
    busy_ratio: float | None
    activities: int


def utilization(work: Work) -> tuple[Utilization, ...]:
    """Busy time of each engine to report."""
    length = work.window.length_ns
    found = []
    for engine in work.engines:
        busy = work.busy_ns(engine)
        ratio = busy / length if length else None
        found.append(Utilization(engine, busy, ratio, work.counts.get(engine, 0)))
    return tuple(found)
