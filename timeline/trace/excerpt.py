"""A part of a trace: what touches a span of time, as a trace of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.errors import UsageError
from timeline.trace.model import Trace

__all__ = ["excerpt"]

Mask = npt.NDArray[np.bool_]
_TIMED = ("activities", "calls", "ranges", "device_ranges", "collectives", "syncs", "stamps")


def excerpt(
    trace: Trace, start_ns: int, end_ns: int, devices: Collection[int] | None = None
) -> Trace:
    """Rows that touch ``[start_ns, end_ns)``, whole, and the calls that issued what is kept.

    Tables of points in time and of things that last (events, streams, allocations) stay as they
    are. An excerpt has no repeats: it may have cut one in two.

    Parameters
    ----------
    start_ns, end_ns : int
        Trace time.
    devices : collection of int, optional
        Keep what these did; by default every device.

    Raises
    ------
    UsageError
        For an empty span.
    """
    if start_ns >= end_ns:
        raise UsageError(f"window {start_ns}:{end_ns} ns is empty")
    masks = {name: _touching(trace, name, start_ns, end_ns) for name in _TIMED}
    if devices is not None:
        for name in ("activities", "stamps"):
            masks[name] &= np.isin(trace.column(name, "device"), list(devices))
    masks["calls"] |= _issuing(trace, masks["activities"])
    tables = {name: trace.tables[name].filter(pa.array(mask)) for name, mask in masks.items()}
    kept = f"An excerpt: what touches {start_ns} to {end_ns} ns of the recording."
    meta = dataclasses.replace(trace.meta, repeats=(), notes=(*trace.meta.notes, kept))
    return Trace.from_tables(meta, {**trace.tables, **tables})


def _touching(trace: Trace, name: str, start_ns: int, end_ns: int) -> Mask:
    start, end = (trace.column(name, column) for column in ("start", "end"))
    found: Mask = (start < end_ns) & ((end > start_ns) | (start >= start_ns))
    return found


def _issuing(trace: Trace, activities: Mask) -> Mask:
    """Calls with the correlation of an activity that is kept."""
    known = trace.column("activities", "correlation")[activities]
    found: Mask = np.isin(trace.column("calls", "correlation"), known[known > 0])
    return found
