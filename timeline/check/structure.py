"""What the host issued, counted: streams, waits for events, copies of pageable memory and the like.

Counts of a Program are the same in every repeat, so they tell a change of what is issued even where
it does not show in any time, or where times are noisy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import Work
from timeline.analysis.host_waits import touches_pageable
from timeline.analysis.legacy_order import in_legacy_stream

__all__ = ["structure"]

_NO_CALL = 0
"""Correlation id of allocations that no call of the program made: what loading a module takes."""


def structure(work: Work) -> Iterator[tuple[str, int]]:
    """Each count with the name of its measure."""
    yield "streams", int(work.opens_stream.sum())
    yield "event_waits", _issued(work, "syncs", "stream_wait_event")
    yield "pageable_copies", int(touches_pageable(work).sum())
    yield "legacy_launches", int(in_legacy_stream(work).sum())
    yield "host_syncs", _issued(work, "syncs", "stream_synchronize", "device_synchronize")
    yield "blocking_allocs", _issued(work, "allocs", "malloc", "free")


def _issued(work: Work, table: str, *kinds: str) -> int:
    """Rows of these kinds that the host issued to this device within the work's span."""
    column = work.trace.column
    names = work.trace.names(table, "kind")
    codes = [names.index(kind) for kind in kinds if kind in names]
    start, device = column(table, "start"), column(table, "device")
    first, last = work.span
    mine = np.isin(column(table, "kind"), codes) & (start >= first) & (start < last)
    mine &= (device == work.device) | (device < 0)
    return int((mine & (column(table, "correlation") != _NO_CALL)).sum())
