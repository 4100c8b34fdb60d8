"""One copy engine bounds the work while the one of the other direction idles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.engines import D2H, H2D
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence

__all__ = ["DETECTOR"]

SATURATED, IDLE = 0.9, 0.5
"""Busy ratios: of the one that has no time left, and of the other at most."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: its busy time, less that of the engine that would bound the work without it."""
    work, engine = case.work, case.limiting
    if engine not in (H2D, D2H) or not case.makespan_ns:
        return
    other = D2H if engine == H2D else H2D
    busy = work.busy_ns(engine)
    shared = _engines(case) == 1
    if busy < SATURATED * case.makespan_ns or work.busy_ns(other) > IDLE * case.makespan_ns:
        return
    places = np.flatnonzero(case.on(engine))
    rest = max(work.busy_ns(name) for name in work.engines if name != engine)
    length = work.ends[places] - work.starts[places]
    direction = "into the device" if engine == H2D else "out of the device"
    yield Evidence(
        work.rows[places],
        work.starts[places],
        work.ends[places],
        length,
        busy - rest,
        "busy",
        f"busy time of {engine}, less that of the engine that is busy next longest: what would be "
        "gained at most if nothing were copied that way",
        f"copies {direction} kept {engine} busy for {busy / case.makespan_ns:.0%} of the time, "
        f"{other} was busy for {work.busy_ns(other) / case.makespan_ns:.0%}"
        + ("; the device has one engine for both" if shared else ""),
    )


def _engines(case: Case) -> int | None:
    devices = case.work.trace.meta.devices
    return next((d.copy_engines for d in devices if d.id == case.work.device), None)


DETECTOR = Detector(
    "saturated-copy-engine",
    "one copy engine is saturated while the other idles",
    "More streams won't help: move fewer bytes that way (keep data on the device, a smaller type, "
    "compute there what can be computed), or let a kernel read pinned memory directly.",
    "three_way_overlap",
    None,
    find,
)
