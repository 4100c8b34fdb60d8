"""Figures of dependent matrix products, repeat by repeat; ``first`` and ``second`` name kernels."""

from __future__ import annotations

import re

import numpy as np

from timeline.analysis.technique_figures import (
    Measure,
    Repeat,
    both,
    gap,
    over_repeats,
    ratio,
)
from timeline.intervals import measure, union
from timeline.trace import Trace

__all__ = ["FIRST", "SECOND", "pair_ns", "prologue_hidden", "roles_at_once", "saved_beyond_gap"]

FIRST, SECOND = ".*_first", ".*_second"


def pair_ns(repeat: Repeat) -> float:
    """Median over the pairs of: end of the second kernel less start of the first, ns."""
    start, _ = repeat.spans("activities", name=FIRST)
    _, end = repeat.spans("activities", name=SECOND)
    return float(np.median(end - start)) if len(start) == len(end) > 0 else float("nan")


def prologue_hidden(repeat: Repeat) -> float:
    """``|prologues of second kernels ∩ first kernels| / |those prologues|``, from stamps."""
    rows = repeat.rows("stamps", role="prologue") & np.isin(
        repeat.trace.column("stamps", "correlation"), _launches(repeat, SECOND)
    )
    prologues = union(
        repeat.trace.column("stamps", "start")[rows], repeat.trace.column("stamps", "end")[rows]
    )
    return ratio(both(prologues, repeat.busy("activities", name=FIRST)), measure(*prologues))


def _launches(repeat: Repeat, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    names = repeat.trace.names("activities", "name")
    codes = [i for i, found in enumerate(names) if re.fullmatch(name, found)]
    rows = np.isin(repeat.trace.column("activities", "name"), codes)
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = repeat.trace.column(
        "activities", "correlation"
    )[rows]
    return found


def roles_at_once(first: str, second: str) -> Measure:
    """Share of one role's time, over all kernels, during which the other was at work, too."""

    def figure(repeat: Repeat) -> float:
        mine = repeat.busy("stamps", role=first)
        return ratio(both(mine, repeat.busy("stamps", role=second)), measure(*mine))

    return figure


def saved_beyond_gap(without: Trace, dependent: Trace) -> float:
    """What a pair takes less with PDL, as a multiple of the launch gap that it has without."""
    saved = over_repeats(without, pair_ns) - over_repeats(dependent, pair_ns)
    between = over_repeats(without, gap(FIRST, SECOND))
    return ratio(saved, between) if between > 0 else float("nan")
