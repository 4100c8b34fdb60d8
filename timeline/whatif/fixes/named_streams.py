"""Named, non-blocking streams instead of the legacy default stream."""

from __future__ import annotations

import numpy as np

from timeline.analysis.legacy_order import stream_kinds
from timeline.intervals import Int64
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.orders import Kind
from timeline.whatif.restream import restreamed
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]


def named_streams(scenario: Scenario) -> Change:
    """The legacy default stream holds nobody; each thread that used it gets a stream of its own."""
    legacy = scenario.orders.kinds == Kind.LEGACY
    free = scenario.replace(orders=scenario.orders.kept(~legacy))
    streams, threads = _by_thread(free)
    moved = int((streams != free.activities.streams).sum())
    if moved:
        free = restreamed(free, streams)
    count = int(legacy.sum()) + moved
    if not count:
        return unchanged(scenario)
    assumed = ["No work in other streams needs what the legacy default stream made, nor it theirs."]
    if moved:
        assumed.append(f"The {threads} threads that shared it do not need each other's work.")
    return Change(free, count, tuple(assumed))


def _by_thread(scenario: Scenario) -> tuple[Int64, int]:
    """New stream numbers: one for each thread that issued to the legacy default stream."""
    streams, activities = scenario.activities.streams.copy(), scenario.activities
    kinds = np.array([kind == "legacy" for kind in stream_kinds(scenario.work)])
    known = activities.streams < len(kinds)
    mine = np.zeros(len(activities), np.bool_)
    mine[known] = kinds[activities.streams[known]]
    mine &= activities.issued >= 0
    if not mine.any():
        return streams, 0
    threads = scenario.calls.threads[activities.issued[mine]]
    found, which = np.unique(threads, return_inverse=True)
    first = int(streams.max()) + 1
    streams[mine] = np.where(which == 0, streams[mine], first + which - 1)
    return streams, len(found)


FIX = Fix(
    "named_streams",
    "off the legacy default stream",
    "Work in the legacy default stream moves to non-blocking streams, one a host thread.",
    named_streams,
)
