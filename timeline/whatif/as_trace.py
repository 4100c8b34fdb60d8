"""A schedule that was run as a Trace, which everything else reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.intervals import Int64
from timeline.trace import TABLES, Trace
from timeline.trace.columns import Masked, taken, to_arrow
from timeline.trace.model import column_values
from timeline.whatif.replay import Schedule
from timeline.whatif.scenario import Scenario

__all__ = ["as_trace"]

SOURCE = "what-if"
_HOST_TABLES = ("syncs", "allocs", "ranges")
_STALE = ("queued", "submitted")


def as_trace(scenario: Scenario, schedule: Schedule, notes: tuple[str, ...] = ()) -> Trace:
    """The activities and calls at their new times, and what belongs to them.

    Host spans (synchronisations, allocations, ranges) move with the calls around them. Time stamps
    inside kernels and ranges of the device are left out.
    """
    source = scenario.work.trace
    clock = _Clock(scenario, schedule)
    tables = {
        "activities": _activities(scenario, schedule),
        "calls": _calls(scenario, schedule),
        "streams": source.tables["streams"],
        "events": _in_span(scenario, "events"),
        **{name: _moved(scenario, name, clock) for name in _HOST_TABLES},
    }
    meta = source.meta
    spans = (_span(schedule),) if meta.repeats else ()
    made = source.replace(source=SOURCE, repeats=spans, notes=(*meta.notes, *notes), verified=0)
    return Trace.from_tables(made.meta, tables)


def _span(schedule: Schedule) -> tuple[int, int]:
    firsts = [times.min() for times in (schedule.starts, schedule.call_starts) if len(times)]
    lasts = [times.max() for times in (schedule.ends, schedule.call_ends) if len(times)]
    return int(min(firsts)), int(max(lasts)) + 1


def _activities(scenario: Scenario, schedule: Schedule) -> pa.Table:
    activities = scenario.activities
    found = _rows(scenario.work.trace.activities, scenario.work.rows[activities.places])
    found = _with(found, "start", schedule.starts)
    found = _with(found, "end", schedule.ends)
    if bool((activities.streams != scenario.work.stream_codes[activities.places]).any()):
        found = _with(found, "stream", _stream_ids(scenario))
    pieces = np.bincount(activities.places)[activities.places]
    if bool((pieces > 1).any()):
        found = _with(found, "bytes", _of_pieces(found, pieces))
    for name in _STALE:
        found = _with(found, name, pa.nulls(len(activities), pa.int64()))
    if activities.pinned.any():
        for name in ("src_kind", "dst_kind"):
            words = scenario.names(name)
            words[(words == "pageable") & activities.pinned] = "pinned"
            found = _with(found, name, [str(word) or None for word in words])
    return found


def _of_pieces(found: pa.Table, pieces: Int64) -> Masked:
    """Bytes of each piece of what was cut."""
    nbytes = column_values(found, "bytes")
    return Masked(np.maximum(nbytes, 0) // pieces, nbytes < 0)


def _stream_ids(scenario: Scenario) -> Int64:
    """Ids of the streams: recorded ones keep theirs, new ones get the next free."""
    recorded = scenario.column("stream").astype(np.int64)
    codes, streams = scenario.work.stream_codes, scenario.activities.streams
    new = streams > int(codes.max())
    top = max(
        int(recorded.max()), int(scenario.work.trace.column("streams", "stream").max(initial=0))
    )
    return np.where(new, top + streams - int(codes.max()), recorded)


def _calls(scenario: Scenario, schedule: Schedule) -> pa.Table:
    rows = scenario.calls.recorded.rows
    known = rows >= 0
    found = _rows(scenario.work.trace.tables["calls"], rows[known])
    return _with(
        _with(found, "start", schedule.call_starts[known]), "end", schedule.call_ends[known]
    )


def _in_span(scenario: Scenario, name: str) -> pa.Table:
    """Rows whose call lies in the span of the Work."""
    source = scenario.work.trace
    issued = scenario.calls.recorded.rows
    known = source.column("calls", "correlation")[issued[issued >= 0]]
    return _rows(
        source.tables[name], np.flatnonzero(np.isin(source.column(name, "correlation"), known))
    )


def _moved(scenario: Scenario, name: str, clock: _Clock) -> pa.Table:
    """Host spans of the Work's time, moved with the host."""
    trace = scenario.work.trace
    lo, hi = scenario.work.span
    start, end = trace.column(name, "start"), trace.column(name, "end")
    rows = np.flatnonzero((start < hi) & (end > lo) & (start >= lo))
    found = _rows(trace.tables[name], rows)
    return _with(_with(found, "start", clock.at(start[rows])), "end", clock.at(end[rows]))


class _Clock:
    """Recorded host time to predicted host time, piece by piece between calls."""

    def __init__(self, scenario: Scenario, schedule: Schedule) -> None:
        recorded = scenario.calls.recorded
        before = np.concatenate((recorded.starts, recorded.ends))
        after = np.concatenate((schedule.call_starts, schedule.call_ends))
        turn = np.argsort(before, kind="stable")
        self._before = before[turn]
        self._after = np.maximum.accumulate(after[turn]) if len(turn) else after

    def at(self, times: Int64) -> Int64:
        """Predicted times, ns; what lies outside of all calls moves with the nearest."""
        if not len(self._before):
            return times
        inside = np.clip(times, self._before[0], self._before[-1])
        moved = np.interp(inside, self._before, self._after)
        return np.round(moved).astype(np.int64) + times - inside


def _rows(source: pa.Table, rows: npt.NDArray[np.int64]) -> pa.Table:
    columns = [taken(column.combine_chunks(), rows) for column in source.columns]
    return pa.Table.from_arrays(columns, schema=source.schema)


def _with(source: pa.Table, name: str, values: Any) -> pa.Table:
    field = next(schema.field(name) for schema in TABLES.values() if schema.equals(source.schema))
    return source.set_column(
        source.schema.get_field_index(name), field, to_arrow(values, field.type)
    )
