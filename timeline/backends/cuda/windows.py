"""Cutting what a collector saw down to the repeats of the Program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.backends.cuda.ranges import DOMAIN
from timeline.trace.model import column_values, dictionary

__all__ = ["Window", "astray_ns", "cut", "starts_inside"]

Mask = npt.NDArray[np.bool_]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """Host times of one repeat, on the collector's clock, ns.

    Attributes
    ----------
    issued : int
        When the last host thread was done with its operations.
    end : int
        When the devices were idle too.
    """

    start: int
    issued: int
    end: int


def cut(tables: Mapping[str, pa.Table], windows: Sequence[Window]) -> dict[str, pa.Table]:
    """Keep what belongs to a repeat.

    Fills, checks and the clock's calibration happen between repeats, so they are left out; and so
    are the calls with which a repeat is brought to its end. Activities are kept until the devices
    are idle, and where their call is kept, whatever the clocks say. Ranges of the domain
    ``timeline`` are left out: see :mod:`timeline.backends.cuda.ranges`.
    """
    whole = [(w.start, w.end) for w in windows]
    issuing = [(w.start, w.issued) for w in windows]
    kept = {n: _keep(tables[n], issuing) for n in ("calls", "syncs", "allocs") if n in tables}
    activities = tables["activities"]
    ours = starts_inside(activities, whole) | _issued_by(activities, kept.get("calls"))
    kept["activities"] = activities.filter(pa.array(ours))
    if "ranges" in tables:
        ranges = tables["ranges"]
        foreign = starts_inside(ranges, whole) & ~_in_domain(ranges)
        kept["ranges"] = ranges.filter(pa.array(foreign))
    if "events" in tables:
        kept["events"] = _events(tables["events"], kept)
    return kept


def _keep(table: pa.Table, spans: Sequence[Span]) -> pa.Table:
    return table.filter(pa.array(starts_inside(table, spans)))


def starts_inside(table: pa.Table, spans: Sequence[Span]) -> Mask:
    """Which rows start inside one of ``spans``, ascending and apart; both ends belong to it."""
    start = column_values(table, "start")
    if not spans:
        return np.zeros(len(start), bool)
    bounds = np.asarray(spans, np.int64)
    index = np.searchsorted(bounds[:, 0], start, side="right") - 1
    inside: Mask = (index >= 0) & (start <= bounds[np.maximum(index, 0), 1])
    return inside


def _issued_by(activities: pa.Table, calls: pa.Table | None) -> Mask:
    """Which activities have the correlation of one of ``calls``."""
    if calls is None or not calls.num_rows:
        return np.zeros(activities.num_rows, bool)
    known = column_values(calls, "correlation")
    found: Mask = np.isin(column_values(activities, "correlation"), known[known > 0])
    return found


def astray_ns(activities: pa.Table, windows: Sequence[Window]) -> int:
    """How far an activity starts outside every window, at most; 0 when none does.

    The host's clock and the device's then differ by about as much.
    """
    outside = activities.filter(
        pa.array(~starts_inside(activities, [(w.start, w.end) for w in windows]))
    )
    starts = column_values(outside, "start")
    bounds = np.asarray([edge for w in windows for edge in (w.start, w.end)], np.int64)
    return int(np.abs(starts[:, None] - bounds).min(axis=1).max()) if len(starts) else 0


def _in_domain(ranges: pa.Table) -> Mask:
    names = dictionary(ranges, "domain")
    codes = column_values(ranges, "domain")
    own = [code for code, name in enumerate(names) if name == DOMAIN]
    found: Mask = np.isin(codes, own)
    return found


def _events(events: pa.Table, kept: Mapping[str, pa.Table]) -> pa.Table:
    """Event records of the calls that are kept; all of them when no calls were collected."""
    calls = kept.get("calls")
    if calls is None or calls.num_rows == 0:
        return events
    known = column_values(calls, "correlation")
    return events.filter(pa.array(np.isin(column_values(events, "correlation"), known)))
