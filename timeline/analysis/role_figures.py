"""Figures of warp-specialised kernels in one repeat of a trace, for the checks of techniques."""

from __future__ import annotations

from timeline.analysis.role_overlap import role_overlap
from timeline.analysis.technique_figures import Measure, Repeat
from timeline.intervals import measure

__all__ = ["kernels_ns", "makespan_ns", "roles_at_once"]


def roles_at_once(first: str, second: str) -> Measure:
    """Role overlap of two roles inside the blocks of all kernels, from stamps."""

    def figure(repeat: Repeat) -> float:
        rows = repeat.rows("stamps")
        return role_overlap(repeat.trace, first, second, rows=rows).ratio

    return figure


def kernels_ns(repeat: Repeat) -> float:
    """Ns in which a kernel ran."""
    return float(measure(*repeat.busy("activities", kind="kernel")))


def makespan_ns(repeat: Repeat) -> float:
    """The makespan, ns."""
    return float(repeat.makespan)
