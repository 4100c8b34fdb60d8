"""Laws of replays, on schedules that nobody wrote."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.trace import Meta, Trace, table
from timeline.whatif import FIXES, lift, predict, replay

ENGINES = (("memcpy", "H2D", "HtoD"), ("kernel", "SM", None), ("memcpy", "D2H", "DtoH"))
CALL_NS = 3_000


@st.composite
def traces(draw: Any) -> Trace:
    """Work on a few streams as a GPU runs it: in stream order, one at a time on an engine."""
    jobs = draw(
        st.lists(
            st.tuples(
                st.integers(0, 2),  # engine
                st.integers(1, 3),  # stream
                st.integers(1_000, 400_000),  # duration, ns
                st.integers(0, 9_000),  # launch latency, ns
                st.integers(0, 50_000),  # host's own time before, ns
                st.integers(0, 5),  # 0: the host synchronises with the device first
            ),
            min_size=1,
            max_size=20,
        )
    )
    engines, streams, host = [0, 0, 0], {1: 0, 2: 0, 3: 0}, 0
    activities, calls, syncs = list[Any](), list[Any](), list[Any]()
    for correlation, (kind, stream, lasts, latency, own, sync) in enumerate(jobs, 1):
        host += own
        if not sync and activities:
            until = max(host, *engines) + CALL_NS
            syncs.append(("device_synchronize", host, until, 1, 10 * correlation))
            calls.append(("cudaDeviceSynchronize", host, until, 1, 10 * correlation))
            host = until
        calls.append(("cudaLaunchKernel", host, host + CALL_NS, 1, 10 * correlation + 1))
        start = max(host + CALL_NS, engines[kind], streams[stream]) + latency
        host += CALL_NS
        engines[kind] = streams[stream] = start + lasts
        what, engine, copy = ENGINES[kind]
        name = f"{engine} {lasts % 3}"
        activities.append(
            (what, name, engine, copy, start, start + lasts, 0, stream, 10 * correlation + 1)
        )
    return _trace(activities, calls, syncs)


def _trace(activities: list[Any], calls: list[Any], syncs: list[Any]) -> Trace:
    columns = "kind name engine copy_kind start end device stream correlation"
    kinds = [("non_blocking", stream, 0) for stream in (1, 2, 3)]
    rows = {
        "activities": (columns, activities),
        "calls": ("name start end thread correlation", calls),
        "syncs": ("kind start end thread correlation", syncs),
        "streams": ("kind stream device", kinds),
    }
    made = {
        name: table(
            name, dict(zip(keys.split(), map(list, zip(*values, strict=True)), strict=True))
        )
        for name, (keys, values) in rows.items()
        if values
    }
    return Trace.from_tables(Meta("cupti"), made)


@settings(max_examples=10)
@given(traces())
def test_nothing_changed_gives_the_recording_back(trace: Trace) -> None:
    scenario = lift(trace)
    schedule = replay(scenario)
    np.testing.assert_array_equal(schedule.starts, scenario.work.starts)
    np.testing.assert_array_equal(schedule.ends, scenario.work.ends)
    np.testing.assert_array_equal(schedule.call_ends, scenario.calls.recorded.ends)


@settings(max_examples=10)
@given(traces(), st.sampled_from(["SM", "H2D", "D2H"]), st.integers(2, 10))
def test_a_faster_engine_takes_no_longer_in_one_stream(
    trace: Trace, engine: str, factor: int
) -> None:
    """In several streams it may: who comes first at another engine may change."""
    one = trace.activities.set_column(
        trace.activities.schema.get_field_index("stream"),
        trace.activities.schema.field("stream"),
        pa.array(np.ones(trace.activities.num_rows, np.int64)),
    )
    lo, hi = int(trace.span[0]), int(trace.span[1])
    serial = Trace.from_tables(trace.meta, {**trace.tables, "activities": one})
    found = predict(serial, [f"faster:{engine}:{factor}"])
    assert found.predicted_ns <= found.replayed_ns == found.recorded_ns == hi - lo


@settings(max_examples=10)
@given(traces(), st.sampled_from([name for name, fix in FIXES.items() if fix.ranked]))
def test_a_prediction_is_a_schedule(trace: Trace, name: str) -> None:
    """Work is kept, nothing starts before it was issued, and the bound holds."""
    found = predict(trace, [name])
    again = predict(trace, [name])
    before, after = lift(trace), lift(found.trace)
    assert found.predicted_ns == again.predicted_ns
    assert found.bound_ns <= found.predicted_ns
    if name != "chunk":
        np.testing.assert_array_equal(
            np.sort(after.work.ends - after.work.starts),
            np.sort(before.work.ends - before.work.starts),
        )
    issued = after.activities.issued
    known = issued >= 0
    assert bool((after.calls.recorded.starts[issued[known]] <= after.work.starts[known]).all())
