"""Figures of one repeat that no technique's own checks take."""

from __future__ import annotations

import numpy as np

from timeline.analysis.technique_figures import Measure, Repeat

__all__ = ["gap_between", "pool_returns"]


def pool_returns(repeat: Repeat) -> float:
    """How often a memory pool gave memory back to the system: falls of what it holds."""
    mine = repeat.rows("allocs")
    held = repeat.trace.column("allocs", "pool_reserved")[mine]
    order = np.argsort(repeat.trace.column("allocs", "start")[mine], kind="stable")
    held = held[order][held[order] >= 0]
    return float((np.diff(held) < 0).sum()) if len(held) else float("nan")


def gap_between(name: str) -> Measure:
    """Median gap between successive kernels of one name, ns."""

    def figure(repeat: Repeat) -> float:
        start, end = repeat.spans("activities", name=name)
        return float(np.median(start[1:] - end[:-1])) if len(start) > 1 else float("nan")

    return figure
