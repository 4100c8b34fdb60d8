"""What a picture shows when nobody says: the rows that tell most, the repeat of median length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from timeline import intervals
from timeline.analysis.windows import median_repeat
from timeline.engines import COPY_ENGINES
from timeline.figures.rows import NOTABLE, By
from timeline.trace import Trace

__all__ = ["Repeat", "RowsChoice", "chosen_repeat", "chosen_rows"]

RowsChoice = Literal["engine", "stream", "auto"]
Repeat = int | Literal["median"] | None


MOST_STREAMS = 32
"""Streams that a picture shows in rows of their own, unless asked to."""


def chosen_rows(wanted: RowsChoice, traces: Iterable[Trace]) -> By:
    """Resolve ``auto``: streams where there are several and copies hardly matter, else engines.

    Nor streams where there are more than :data:`MOST_STREAMS`: nobody could read that many rows.
    """
    if wanted != "auto":
        return wanted
    every = list(traces)
    most = max(len(np.unique(trace.column("activities", "stream"))) for trace in every)
    few = 1 < most <= MOST_STREAMS
    return "stream" if few and not any(map(_copies_matter, every)) else "engine"


def _copies_matter(trace: Trace) -> bool:
    names = trace.names("activities", "engine")
    codes = [names.index(engine) for engine in COPY_ENGINES if engine in names]
    mine = np.isin(trace.column("activities", "engine"), codes)
    start, end = (trace.column("activities", c) for c in ("start", "end"))
    copying = intervals.measure(*intervals.union(start[mine], end[mine]))
    busy = intervals.measure(*intervals.union(start, end))
    return NOTABLE * copying > busy


def chosen_repeat(wanted: Repeat, trace: Trace) -> int | None:
    """Resolve ``median``: the repeat of median makespan; all of a trace without repeats."""
    if wanted == "median":
        return median_repeat(trace)
    return wanted if trace.meta.repeats else None
