"""Host functions as activities: with the names and times that they have in the Program."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from timeline.backends.cuda.host import HostSpan
from timeline.backends.cuda.windows import Window, starts_inside
from timeline.engines import engine_of
from timeline.trace import table
from timeline.trace.model import column_values, dictionary

__all__ = ["host_functions", "without_host_functions"]

_CALL = "cudaLaunchHostFunc"


def host_functions(
    spans: Sequence[HostSpan], calls: pa.Table | None, windows: Sequence[Window]
) -> pa.Table:
    """Rows for the ``activities`` table, with the correlation of their calls where it is known."""
    correlations = _correlations(spans, calls, windows)
    count = len(spans)
    return table(
        "activities",
        {
            "kind": ["host_func"] * count,
            "name": [span.name for span in spans],
            "engine": [engine_of("host_func")] * count,
            "start": [span.start for span in spans],
            "end": [span.end for span in spans],
            "device": [span.device for span in spans],
            "stream": [span.stream for span in spans],
            "correlation": [correlations.get(span.number) for span in spans],
            "process": [os.getpid()] * count,
        },
        count,
    )


def without_host_functions(activities: pa.Table) -> pa.Table:
    """The activities but for the collector's host functions, which have no names."""
    kinds = dictionary(activities, "kind")
    ours = [i for i, kind in enumerate(kinds) if kind == "host_func"]
    return activities.filter(pa.array(~np.isin(column_values(activities, "kind"), ours)))


def _correlations(
    spans: Sequence[HostSpan], calls: pa.Table | None, windows: Sequence[Window]
) -> dict[int, int]:
    """Correlation by number: the calls of a repeat, in order, against the numbers in order."""
    found: dict[int, int] = {}
    if calls is None or not calls.num_rows or not spans:
        return found
    wanted = [i for i, name in enumerate(dictionary(calls, "name")) if name.startswith(_CALL)]
    is_call = np.isin(column_values(calls, "name"), wanted)
    start, correlation = column_values(calls, "start"), column_values(calls, "correlation")
    for window in windows:
        rows = np.flatnonzero(is_call & starts_inside(calls, [(window.start, window.issued)]))
        rows = rows[np.argsort(start[rows], kind="stable")]
        inside = [s for s in spans if window.start <= s.start <= window.end and s.number >= 0]
        numbers = sorted(span.number for span in inside)
        if len(numbers) == len(rows):
            found.update(zip(numbers, correlation[rows].tolist(), strict=True))
    return found
