"""Measures of a window are those that a report of it has, to the ns."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.analysis import Window, copies, device_idle, overlaps, utilization, work_of
from timeline.report import report
from timeline.tiles import build, measures
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
Activities = list[tuple[int, int, int, int, int]]
ONE = st.tuples(
    st.integers(0, 400), st.integers(0, 60), st.integers(0, 4), st.integers(7, 9), st.integers(0, 3)
)


def reported(trace: Trace, start: int, end: int) -> list[dict[str, Any]]:
    origin = trace.span[0]
    found: list[dict[str, Any]] = report(trace, window=(origin + start, origin + end)).to_json()[
        "devices"
    ]
    return found


def same(trace: Trace, start: int, end: int) -> None:
    for mine, theirs in zip(
        measures(build(trace), start, end), reported(trace, start, end), strict=True
    ):
        assert mine == {key: theirs[key] for key in mine}


@given(st.lists(ONE, min_size=1, max_size=40), st.integers(-5, 450), st.integers(1, 300))
def test_of_any_window(
    traced: Callable[..., Trace], made: Activities, start: int, length: int
) -> None:
    trace = traced(made)
    (mine,) = measures(build(trace), start, start + length)
    window = Window(trace.span[0] + start, trace.span[0] + start + length)
    work = work_of(trace, 0, window=window)
    busy = {name: (row["busy_ns"], row["activities"]) for name, row in mine["engines"].items()}
    assert busy == {row.engine: (row.busy_ns, row.activities) for row in utilization(work)}
    together = {tuple(row["engines"]): row["overlap_ns"] for row in mine["overlaps"]}
    assert together == {row.engines: row.overlap_ns for row in overlaps(work)}
    assert mine["concurrency_ns"] == work.coverage.concurrency_ns().tolist()
    assert mine["exposed_copy_ns"] == copies(work).exposed_ns
    assert mine["idle_ns"] == device_idle(work).total_ns


@pytest.mark.parametrize(
    "sample", ["three_way_overlap/depth_first", "p2p_pipeline/copy_stream", "pdl/pdl"]
)
def test_of_recorded_traces(sample: str) -> None:
    trace = Trace.load(SAMPLES / sample)
    length = trace.span[1] - trace.span[0]
    for start, end in ((0, length), (length // 3, length // 2), (-5, 10_007), (length, length + 9)):
        same(trace, start, end)


def test_of_many_segments(large: Trace) -> None:
    length = large.span[1] - large.span[0]
    index = build(large)
    for start, end in ((0, length), (length // 7, length // 7 + 1), (1_234_567, 7_654_321)):
        (mine,) = measures(index, start, end)
        (theirs,) = reported(large, start, end)
        assert mine == {key: theirs[key] for key in mine}
