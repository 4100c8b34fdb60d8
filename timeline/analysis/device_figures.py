"""Figures of one repeat over several devices, for the checks of what a technique must show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from timeline.analysis.communication import COLLECTIVES
from timeline.analysis.technique_figures import Bools, Measure, Repeat, both, ratio
from timeline.intervals import Intervals, intersect, measure, union

__all__ = [
    "computing_at_once",
    "devices_of",
    "engine_bound_share",
    "hidden_communication",
    "makespan",
    "ranges_beside_compute",
    "ranges_share",
    "transfers_beside_both",
    "transfers_hidden",
]


def devices_of(repeat: Repeat) -> list[int]:
    """Devices with activities, ascending."""
    found = repeat.trace.column("activities", "device")[repeat.rows("activities")]
    return [int(device) for device in np.unique(found) if device >= 0]


def computing(repeat: Repeat, device: int) -> Intervals:
    """B(kernels of a device that compute)."""
    rows = _on(repeat, device, kind="kernel") & ~repeat.rows("activities", name=COLLECTIVES.pattern)
    return _busy(repeat, rows)


def communicating(repeat: Repeat, device: int) -> Intervals:
    """B(collectives and peer copies of a device)."""
    rows = _on(repeat, device, name=COLLECTIVES.pattern) | _on(repeat, device, engine="P2P")
    return _busy(repeat, rows)


def makespan(repeat: Repeat) -> float:
    """From the first activity's start to the last one's end, on any device, ns."""
    return float(repeat.makespan)


def computing_at_once(repeat: Repeat) -> float:
    """``Σ |B(kernels of a device)| / |∪ B(…)|``: devices that compute while any does."""
    spans = [computing(repeat, device) for device in devices_of(repeat)]
    return ratio(sum(measure(*s) for s in spans), measure(*_union(spans)))


def transfers_beside_both(repeat: Repeat) -> float:
    """``|B(P2P) ∩ B(SM of its source) ∩ B(SM of its target)| / |B(P2P)|``, over all pairs."""
    copies = repeat.rows("activities", engine="P2P")
    column = repeat.trace.column
    source, target = (column("activities", c) for c in ("src_device", "dst_device"))
    hidden = whole = 0
    for one, other in np.unique(np.stack((source[copies], target[copies]), axis=1), axis=0):
        moving = _busy(repeat, copies & (source == one) & (target == other))
        ends = (computing(repeat, int(device)) for device in (one, other))
        hidden += measure(*reduce(lambda a, b: intersect(*a, *b), ends, moving))
        whole += measure(*moving)
    return ratio(hidden, whole)


def transfers_hidden(repeat: Repeat) -> float:
    """``|B(P2P) ∩ B(SM of its source)| / |B(P2P)|``, over all sources."""
    copies = repeat.rows("activities", engine="P2P")
    source = repeat.trace.column("activities", "src_device")
    hidden = whole = 0
    for device in np.unique(source[copies]):
        moving = _busy(repeat, copies & (source == device))
        hidden += both(moving, computing(repeat, int(device)))
        whole += measure(*moving)
    return ratio(hidden, whole)


def ranges_share(category: str) -> Measure:
    """Share of the makespan inside ranges of a category."""
    return lambda repeat: ratio(measure(*repeat.busy("ranges", category=category)), repeat.makespan)


def ranges_beside_compute(category: str, device: int) -> Measure:
    """Share of the ranges of a category beside which a kernel of a device computes."""

    def figure(repeat: Repeat) -> float:
        spans = repeat.busy("ranges", category=category)
        return ratio(both(spans, computing(repeat, device)), measure(*spans))

    return figure


def engine_bound_share(repeat: Repeat) -> float:
    """``max |B(engine of a device)| / makespan``: no schedule is shorter than the first."""
    names = repeat.trace.names("activities", "engine")
    busy = [
        measure(*_busy(repeat, _on(repeat, device, engine=engine)))
        for device in devices_of(repeat)
        for engine in names
        if engine != "HOST"
    ]
    return ratio(max(busy, default=0), repeat.makespan)


def hidden_communication(repeat: Repeat) -> float:
    """Least over the devices of ``|B(communication) ∩ B(compute)| / |B(communication)|``."""
    found = []
    for device in devices_of(repeat):
        talking = communicating(repeat, device)
        found.append(ratio(both(talking, computing(repeat, device)), measure(*talking)))
    return min(found, default=float("nan"))


def _on(repeat: Repeat, device: int, **where: str) -> Bools:
    rows: Bools = repeat.trace.column("activities", "device") == device
    return rows & repeat.rows("activities", **where)


def _busy(repeat: Repeat, rows: Bools) -> Intervals:
    column = repeat.trace.column
    return union(column("activities", "start")[rows], column("activities", "end")[rows])


def _union(spans: Sequence[Intervals]) -> Intervals:
    return union(*(np.concatenate(side) for side in zip(*spans, strict=True)))
