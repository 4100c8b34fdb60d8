"""Busy time, overlaps, copies, idle and bounds against bitmaps of one boolean a ns."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timeline.analysis import (
    Window,
    bound,
    busiest_stretch,
    copies,
    device_idle,
    devices,
    engine_idle,
    overlap,
    overlaps,
    utilization,
    work_of,
)
from timeline.engines import ENGINES
from timeline.trace import Meta, Trace

MakeTrace = Callable[..., Trace]
Bits = npt.NDArray[np.bool_]

SPAN = 50
FIXTURE_ONCE = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)

times = st.integers(0, SPAN)
spans = st.tuples(times, times).map(lambda p: {"start": min(p), "end": max(p)})
activities = st.lists(
    st.builds(
        lambda span, engine, stream: {**span, "engine": engine, "stream": stream},
        spans,
        st.sampled_from(["SM", "H2D", "D2H", "P2P", "MEMSET", "HOST"]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=14,
)


def bits(rows: list[dict[str, Any]], *engines: str) -> Bits:
    found = np.zeros(SPAN, np.bool_)
    for row in rows:
        if row["engine"] in engines:
            found[row["start"] : row["end"]] = True
    return found


@given(activities)
@FIXTURE_ONCE
def test_busy_and_overlap(make_trace: MakeTrace, rows: list[dict[str, Any]]) -> None:
    work = work_of(make_trace(rows), 0)
    length = work.window.length_ns
    for found in utilization(work):
        busy = int(bits(rows, found.engine).sum())
        assert found.busy_ns == busy
        assert found.busy_ratio == (busy / length if length else None)
        assert found.activities == sum(row["engine"] == found.engine for row in rows)
    for size in (2, 3):
        for engines in combinations(ENGINES, size):
            both = int(np.all([bits(rows, e) for e in engines], axis=0).sum())
            least = min(int(bits(rows, e).sum()) for e in engines)
            one = overlap(work, *engines)
            assert one.overlap_ns == both
            assert one.ratio == (both / least if least else None)


@given(activities)
@FIXTURE_ONCE
def test_copies_and_idle(make_trace: MakeTrace, rows: list[dict[str, Any]]) -> None:
    work = work_of(make_trace(rows), 0)
    copying, computing = bits(rows, "H2D", "D2H", "P2P"), bits(rows, "SM")
    found = copies(work)
    assert found.copy_ns == copying.sum()
    assert found.exposed_ns == (copying & ~computing).sum()
    hidden = (copying & computing).sum()
    assert found.hidden_ratio == (hidden / copying.sum() if copying.any() else None)
    inside = np.zeros(SPAN, np.bool_)
    inside[work.window.start_ns : work.window.end_ns] = True
    busy = bits(rows, *(e for e in ENGINES if e != "HOST"))
    assert device_idle(work).total_ns == (inside & ~busy).sum()
    assert engine_idle(work, "SM").total_ns == (inside & ~computing).sum()


@given(activities)
@FIXTURE_ONCE
def test_bounds_are_between_the_busiest_engine_and_the_makespan(
    make_trace: MakeTrace, rows: list[dict[str, Any]]
) -> None:
    found = bound(work_of(make_trace(rows), 0))
    busy = [int(bits(rows, engine).sum()) for engine in ENGINES]
    assert found.engine_bound_ns == max(busy)
    assert found.total_ns == sum(busy)
    assert max(busy) <= found.bound_ns <= found.makespan_ns
    if found.pipeline_efficiency is not None:
        assert 0 <= found.pipeline_efficiency <= 1
    if found.overlap_efficiency is not None:
        assert found.overlap_efficiency <= 1
        assert found.overlap_efficiency == pytest.approx(
            (sum(busy) - found.makespan_ns) / (sum(busy) - found.bound_ns)
        )


@given(activities, times, times)
@FIXTURE_ONCE
def test_a_window_counts_what_lies_inside(
    make_trace: MakeTrace, rows: list[dict[str, Any]], a: int, b: int
) -> None:
    lo, hi = min(a, b), max(a, b)
    work = work_of(make_trace(rows), 0, window=Window(lo, hi))
    assert work.window.length_ns == hi - lo
    assert work.busy_ns("SM") == bits(rows, "SM")[lo:hi].sum()
    both = bits(rows, "SM") & bits(rows, "H2D")
    assert work.overlap_ns("SM", "H2D") == both[lo:hi].sum()
    assert bound(work).bound_ns <= hi - lo


@given(activities, st.integers(1, 2**40))
@FIXTURE_ONCE
def test_measures_do_not_depend_on_the_order_of_rows_or_the_clock(
    make_trace: MakeTrace, rows: list[dict[str, Any]], shift: int
) -> None:
    moved = [{**r, "start": r["start"] + shift, "end": r["end"] + shift} for r in rows[::-1]]
    one, other = (work_of(make_trace(r), 0) for r in (rows, moved))
    assert overlaps(one) == overlaps(other)
    assert copies(one) == copies(other)
    assert utilization(one) == utilization(other)


def test_nothing_is_zero_by_zero(make_trace: MakeTrace) -> None:
    work = work_of(make_trace([{"engine": "SM", "start": 5, "end": 5}]), 0)
    assert copies(work).hidden_ratio is None
    assert {row.ratio for row in overlaps(work)} == {None}
    assert {row.busy_ratio for row in utilization(work)} == {None}
    found = bound(work)
    assert (found.pipeline_efficiency, found.overlap_efficiency) == (None, None)
    assert found.limiting_engine is None


def test_copies_without_a_kernel_are_exposed(make_trace: MakeTrace) -> None:
    found = copies(work_of(make_trace([{"engine": "H2D", "start": 0, "end": 7}]), 0))
    assert (found.hidden_ratio, found.exposed_ns) == (0.0, 7)


def test_devices_are_never_merged(make_trace: MakeTrace) -> None:
    rows = [
        {"engine": "SM", "start": 0, "end": 10, "device": 0},
        {"engine": "H2D", "start": 5, "end": 15, "device": 3},
    ]
    trace = make_trace(rows)
    assert devices(trace) == (0, 3)
    for device, engine in ((0, "SM"), (3, "H2D")):
        work = work_of(trace, device)
        assert work.overlap_ns("SM", "H2D") == 0
        assert work.busy_ns(engine) == work.window.length_ns == 10


def test_an_activity_without_a_device_belongs_to_the_only_one(make_trace: MakeTrace) -> None:
    rows = [
        {"engine": "SM", "start": 0, "end": 10},
        {"engine": "HOST", "start": 10, "end": 12, "device": None},
    ]
    assert work_of(make_trace(rows), 0).busy_ns("HOST") == 2
    nameless = make_trace([{**row, "device": None} for row in rows])
    assert devices(nameless) == (-1,)
    assert work_of(nameless, -1).busy_ns("SM") == 10


def test_an_activity_without_an_engine_is_on_none(make_trace: MakeTrace) -> None:
    trace = make_trace([{"engine": "SM", "start": 0, "end": 10}])
    at = trace.activities.schema.get_field_index("engine")
    kind = trace.activities.schema.field(at).type
    empty = pa.array([None], pa.string()).dictionary_encode().cast(kind)
    tables = {
        "activities": trace.activities.set_column(at, trace.activities.schema.field(at), empty)
    }
    assert work_of(Trace.from_tables(Meta("cupti"), tables), 0).busy_ns("SM") == 0


def test_the_busiest_stretch_ends_at_pauses_and_not_at_gaps(make_trace: MakeTrace) -> None:
    spans = [(0, 40), (9_000, 9_030), (9_035, 9_060), (20_000, 20_050)]
    rows = [{"engine": "SM", "start": start, "end": end} for start, end in spans]
    assert busiest_stretch(work_of(make_trace(rows), 0)) == Window(9_000, 9_060)


def test_without_activities_there_is_no_busiest_stretch(make_trace: MakeTrace) -> None:
    work = work_of(make_trace([{"engine": "SM", "start": 5, "end": 9}]), 0, window=Window(20, 30))
    assert busiest_stretch(work) is None
