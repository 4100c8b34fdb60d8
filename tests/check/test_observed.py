"""What is measured, where."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.check.figures import Name
from timeline.check.launched import Launched
from timeline.check.observed import Place, observe
from timeline.check.scopes import MOST_OCCURRENCES, WHOLE, Scope
from timeline.errors import UsageError
from timeline.findings import DETECTORS, findings
from timeline.report import report
from timeline.techniques import technique
from timeline.trace import Meta, Trace

MakePipeline = Callable[..., Trace]

DEVICE = Place(WHOLE, 0)
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_figures_are_those_of_the_report(make_pipeline: MakePipeline) -> None:
    trace = make_pipeline(overlap=False)
    found = observe(trace)[DEVICE]
    for repeat in range(5):
        told = report(trace, repeat=repeat).to_json()["devices"][0]
        assert found[Name("makespan")].values[repeat] == told["makespan_ns"]
        assert found[Name("pipeline_efficiency")].values[repeat] == told["pipeline_efficiency"]
        assert found[Name("busy", "SM")].values[repeat] == told["engines"]["SM"]["busy_ns"]
        for shared in told["overlaps"]:
            values = found[Name("overlap", ",".join(shared["engines"]))].values
            assert values[repeat] == shared["overlap_ns"]


def test_an_undefined_ratio_has_no_values(make_pipeline: MakePipeline) -> None:
    found = observe(make_pipeline())[DEVICE]
    assert found[Name("overlap_ratio", "D2H,SM")].values == ()
    assert found[Name("busy", "D2H")].values == (0,) * 5
    assert len(found[Name("overlap_ratio", "H2D,SM")].values) == 5


def test_a_range_holds_what_was_launched_in_it(make_pipeline: MakePipeline) -> None:
    trace = make_pipeline()
    found = observe(trace, ranges=["chunk *", "step"])
    assert {p.scope.name for p in found if p.scope.kind == "range"} == {
        "step",
        *(f"chunk {i}" for i in range(4)),
    }
    step = found[Place(Scope("range", "step"), 0)]
    assert step[Name("makespan")] == found[DEVICE][Name("makespan")]
    chunk = found[Place(Scope("range", "chunk 0"), 0)]
    assert chunk[Name("activities", "SM")].values == (1,) * 5
    assert chunk[Name("busy", "H2D")].values == (100_000, 100_100, 99_900, 100_200, 99_800)


def by_hand(trace: Trace, name: str) -> list[list[int]]:
    """Rows that each occurrence launched, call by call."""
    rows = []
    calls = trace.tables["calls"].to_pylist()
    issued = trace.column("activities", "correlation")
    for one in trace.tables["ranges"].to_pylist():
        if one["name"] == name:
            mine = {
                c["correlation"]
                for c in calls
                if c["thread"] == one["thread"] and one["start"] <= c["start"] < one["end"]
            }
            rows.append(np.flatnonzero(np.isin(issued, sorted(mine))).tolist())
    return sorted(filter(None, rows))


@pytest.mark.parametrize("name", ["event_dag", "per_thread_default_stream", "graph_capture"])
def test_ranges_launch_what_a_search_finds(name: str) -> None:
    trace = SimBackend().run(technique(name).program(), RunOptions(repeat=2))
    launched = Launched(trace)
    assert launched.names
    for found in launched.names:
        works = launched.works(found, 0)
        assert sorted(work.rows.tolist() for work in works) == by_hand(trace, found)


def test_occurrences_are_the_repeats_of_a_trace_without(make_pipeline: MakePipeline) -> None:
    trace = make_pipeline(factors=[1.0] * (2 * MOST_OCCURRENCES + 1), repeats=False)
    found = observe(trace, ranges=["step"])
    assert len(found[DEVICE][Name("makespan")].values) == 1
    steps = found[Place(Scope("range", "step"), 0)][Name("makespan")].values
    assert MOST_OCCURRENCES // 2 < len(steps) <= MOST_OCCURRENCES


def test_a_window_counts_from_the_start_of_each_repeat(make_pipeline: MakePipeline) -> None:
    found = observe(make_pipeline(), windows=["0us:100us"])
    window = found[Place(Scope("window", "0us:100us"), 0)]
    assert window[Name("makespan")].values == (100_000,) * 5
    assert window[Name("busy", "SM")].values == (0, 0, 100, 0, 200)


def test_several_devices_are_told_apart_and_together() -> None:
    trace = Trace.load(SAMPLES / "p2p_pipeline" / "pipelined")
    found = observe(trace)
    joint = found[Place(WHOLE, None)]
    together = report(trace, repeat=1).together
    assert together is not None
    assert joint[Name("makespan")].values[1] == together.makespan_ns
    assert {p.device for p in found} == {None, 0, 1}


@pytest.mark.parametrize(
    ("technique_name", "variant", "figure", "count"),
    [
        ("pinned_vs_pageable", "pageable", "pageable_copies", 16),
        ("pinned_vs_pageable", "pinned", "pageable_copies", 0),
        ("default_stream_barrier", "stray_legacy", "legacy_launches", 2),
        ("default_stream_barrier", "non_blocking", "legacy_launches", 2),
        ("event_wait", "event", "event_waits", 4),
        ("event_wait", "stream_synchronize", "host_syncs", 5),
        ("stream_ordered_alloc", "malloc_free", "blocking_allocs", 64),
        ("stream_ordered_alloc", "async", "blocking_allocs", 0),
    ],
)
def test_what_was_issued_is_counted(
    technique_name: str, variant: str, figure: str, count: int
) -> None:
    found = observe(Trace.load(SAMPLES / technique_name / variant))[DEVICE]
    assert found[Name(figure)].values == (count,) * 5


@pytest.mark.parametrize("place", ["stream_ordered_alloc/malloc_free", "three_way_overlap/serial"])
def test_findings_are_counted_in_each_repeat(place: str) -> None:
    """As many as ``timeline findings`` lists: some only because the what-if says what they cost."""
    trace = Trace.load(SAMPLES / place)
    found = observe(trace)[DEVICE]
    each = [[one.code for one in findings(trace, repeat=i)] for i in range(5)]
    assert found[Name("findings")].values == tuple(map(len, each))
    for detector in DETECTORS:
        counted = found[Name("findings", detector.code)].values
        assert counted == tuple(codes.count(detector.code) for codes in each)
    assert Name("findings") not in observe(trace, diagnose=False)[DEVICE]


def test_nothing_to_measure_is_said() -> None:
    empty = Trace.from_tables(Meta("cupti"), {})
    with pytest.raises(UsageError, match="no activities"):
        observe(empty)


def test_ranges_need_calls(make_pipeline: MakePipeline) -> None:
    trace = make_pipeline()
    tables: dict[str, Any] = {name: trace.tables[name] for name in ("activities", "ranges")}
    bare = Trace.from_tables(trace.meta, tables)
    with pytest.raises(UsageError, match="no API calls"):
        observe(bare, ranges=["step"])
