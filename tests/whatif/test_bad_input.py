"""What recordings lack: said, and what can be told is told."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from timeline.errors import TraceError
from timeline.trace import Meta, Trace, table
from timeline.whatif import lift, predict, replay
from timeline.whatif.orders import Kind, Orders

Simulated = Callable[..., Trace]


def without(trace: Trace, *names: str) -> Trace:
    """The trace without some of its tables."""
    return Trace.from_tables(
        trace.meta, {name: rows for name, rows in trace.tables.items() if name not in names}
    )


def test_without_calls_work_keeps_the_time_at_which_it_was_issued(simulated: Simulated) -> None:
    trace = without(simulated("event_wait", "device_synchronize"), "calls", "syncs")
    found = predict(trace, ["events_for_syncs"])
    assert found.applied == ()
    assert found.predicted_ns == found.recorded_ns
    assert any("no API calls" in note for note in found.unknown)


def test_without_kinds_of_streams_the_legacy_stream_is_not_known(simulated: Simulated) -> None:
    trace = without(simulated("default_stream_barrier", "stray_legacy"), "streams")
    found = predict(trace, ["named_streams"])
    assert found.applied == ()
    assert found.predicted_ns == found.recorded_ns
    assert any("legacy stream" in note for note in found.unknown)


def test_lost_records_are_told(simulated: Simulated) -> None:
    trace = simulated("event_wait", "event").replace(dropped=7)
    assert any("7 records were lost" in note for note in predict(trace, []).unknown)


def test_kernels_without_grids_fill_the_device(simulated: Simulated) -> None:
    trace = simulated("five_kernels", "two_streams")
    tables = dict(trace.tables)
    for name in ("grid", "block"):
        at = trace.activities.schema.get_field_index(name)
        field = trace.activities.schema.field(name)
        none = pa.nulls(trace.activities.num_rows, field.type)
        tables["activities"] = tables["activities"].set_column(at, field, none)
    found = predict(Trace.from_tables(trace.meta, tables), [])
    assert found.predicted_ns == found.recorded_ns
    assert any("Grids are not known" in note for note in found.unknown)


def test_a_gap_in_the_clock_stays(simulated: Simulated) -> None:
    """A host that stood still for a second is not made up for."""
    trace = simulated("event_wait", "event", False)
    middle = sum(trace.span) // 2
    tables = {}
    for name, rows in trace.tables.items():
        for column in ("start", "end"):
            if column in rows.schema.names and rows.num_rows:
                times = trace.column(name, column)
                at = rows.schema.get_field_index(column)
                late = pa.array(np.where(times > middle, times + 10**9, times))
                rows = rows.set_column(at, rows.schema.field(column), late)
        tables[name] = rows
    ((lo, hi),) = trace.meta.repeats
    torn = Trace.from_tables(trace.replace(repeats=((lo, hi + 10**9),)).meta, tables)
    found = predict(torn, [])
    assert found.predicted_ns == found.recorded_ns > 10**9


def test_a_circle_is_refused(simulated: Simulated) -> None:
    scenario = lift(simulated("event_wait", "event"))
    circle = Orders.of(np.array([3]), np.array([0]), Kind.EVENT)
    back = Orders.of(np.array([1]), np.array([2]), Kind.EVENT)
    with pytest.raises(TraceError, match="in a circle"):
        replay(scenario.replace(orders=scenario.orders.and_(circle, back)))


def test_a_single_activity_is_a_schedule() -> None:
    rows = {"kind": ["kernel"], "name": ["k"], "engine": ["SM"], "start": [5], "end": [9]}
    found = predict(Trace.from_tables(Meta("cupti"), {"activities": table("activities", rows)}), [])
    assert (found.recorded_ns, found.predicted_ns) == (4, 4)
