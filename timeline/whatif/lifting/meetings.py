"""Collectives of several devices: none of them gets on before all are there."""

from __future__ import annotations

import numpy as np

from timeline.analysis.communication import collectives
from timeline.analysis.work import Work
from timeline.intervals import Int64
from timeline.whatif.lifting.alike import numbered

__all__ = ["begun", "meetings"]

NONE = -1


def meetings(work: Work) -> Int64:
    """A number for the parts of one collective on different devices, -1 for all else; shape (n,).

    The k-th collective of a name on a device belongs to the k-th of that name on each other one, in
    order of issue. Where their numbers differ, or one had ended before another started, the
    recording doesn't show what belongs together, and each keeps its time.
    """
    found = np.full(len(work.rows), NONE, np.int64)
    if not work.beside:
        return found
    talking = np.flatnonzero(collectives(work))
    names = numbered(len(talking), (work.column("name")[talking],))
    issued = work.column("correlation")
    for name in range(int(names.max(initial=NONE)) + 1):
        mine = talking[names == name]
        parts = [mine[np.isin(mine, places)] for places in work.places]
        if len({len(part) for part in parts}) > 1:
            continue
        rows = np.stack([part[np.argsort(issued[part], kind="stable")] for part in parts])
        met = work.starts[rows].max(axis=0) < work.ends[rows].min(axis=0)
        found[rows[:, met]] = int(found.max()) + 1 + np.arange(int(met.sum()))
    return found


def begun(starts: Int64, meets: Int64) -> Int64:
    """When each activity could get on, ns: as it started, or as the last of its meeting did."""
    found = starts.copy()
    mine = np.flatnonzero(meets >= 0)
    last = np.full(int(meets.max(initial=NONE)) + 1, np.iinfo(np.int64).min)
    np.maximum.at(last, meets[mine], starts[mine])
    found[mine] = last[meets[mine]]
    return found
