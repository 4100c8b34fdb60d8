"""How long each launch, copy and occurrence of a range took: what runs of any length have alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from timeline.analysis import devices, work_of
from timeline.check.launched import Launched
from timeline.check.noise import Interval, apart, interval
from timeline.engines import ENGINES
from timeline.intervals import Int64
from timeline.trace import Trace

__all__ = ["Matched", "Pace", "kernel_paces", "matched", "range_paces"]

MOST_RANGES = 1_000
"""Occurrences of ranges that are looked at, the first ones."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the launches of one name took each.

    Attributes
    ----------
    length : Interval
        Of one launch, ns.
    total_ns : int
        Of all in a repeat (in the whole trace, if it has none), ns.
    launches : float
        In a repeat.
    """

    length: Interval
    total_ns: float
    launches: float

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        told = {"launches": self.launches, "total_ns": self.total_ns}
        return told | {"each_ns": self.length.to_json()}


@dataclass(frozen=True, slots=True)
class Matched:
    """One name in two traces.

    Attributes
    ----------
    engine : str
        Where it runs; "" for a range.
    before, now : Pace or None
        None where the trace has none of that name.
    """

    name: str
    engine: str
    before: Pace | None
    now: Pace | None

    @property
    def differs(self) -> bool:
        """Whether it is new, gone, or takes another time a launch by more than noise."""
        if self.before is None or self.now is None:
            return True
        return apart(self.before.length, self.now.length)

    @property
    def change_ns(self) -> float:
        """By how much all launches of a repeat take longer, ns."""
        totals = [pace.total_ns if pace else 0 for pace in (self.before, self.now)]
        return totals[1] - totals[0]


Key = tuple[str, str]
"""Engine and name."""


def kernel_paces(trace: Trace) -> dict[Key, Pace]:
    """The kernels, copies and fills of all devices and repeats."""
    repeats = max(len(trace.meta.repeats), 1)
    lengths: dict[Key, list[Int64]] = {}
    words = trace.names("activities", "name")
    for device in devices(trace):
        work = work_of(trace, device)
        names, engines = work.column("name").astype(np.int64), work.engine_codes
        keys = names * len(ENGINES) + engines
        order = np.argsort(keys, kind="stable")
        cuts = np.flatnonzero(np.diff(keys[order])) + 1
        for rows in np.split(order, cuts) if len(order) else ():
            name, engine = int(names[rows[0]]), int(engines[rows[0]])
            if name >= 0 and engine >= 0:
                took = (work.ends - work.starts)[rows]
                lengths.setdefault((ENGINES[engine], words[name]), []).append(took)
    return {key: _pace(np.concatenate(parts).tolist(), repeats) for key, parts in lengths.items()}


def range_paces(trace: Trace) -> dict[Key, Pace]:
    """What NVTX ranges launched: from its first start to its last end on a device, ns."""
    if not trace.rows("calls"):
        return {}
    launched, lengths = Launched(trace), dict[Key, list[int]]()
    for name in launched.names[:MOST_RANGES]:
        for device in devices(trace):
            works = launched.works(name, device)
            lengths.setdefault(("", name), []).extend(w.window.length_ns for w in works)
    repeats = max(len(trace.meta.repeats), 1)
    return {key: _pace(found, repeats) for key, found in lengths.items() if found}


def _pace(lengths: Sequence[int], repeats: int) -> Pace:
    return Pace(interval(lengths), sum(lengths) / repeats, len(lengths) / repeats)


def matched(before: dict[Key, Pace], now: dict[Key, Pace]) -> tuple[Matched, ...]:
    """Every name of either side, what changed the time most first."""
    found = [
        Matched(key[1], key[0], before.get(key), now.get(key))
        for key in dict.fromkeys((*before, *now))
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.change_ns)))
