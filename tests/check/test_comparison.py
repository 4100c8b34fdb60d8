"""Two traces side by side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.check.comparison import Comparison, compare, paired
from timeline.check.launches import kernel_paces, range_paces
from timeline.errors import UsageError
from timeline.trace import Trace

MakePipeline = Callable[..., Trace]


def compared(before: Trace, now: Trace) -> Comparison:
    return compare(("before", before), ("now", now))


def test_a_trace_and_itself_differ_in_nothing(make_pipeline: MakePipeline) -> None:
    found = compared(make_pipeline(), make_pipeline())
    assert [str(change.name) for change in found.changes] == ["makespan"]
    assert not any(one.differs for one in (*found.kernels, *found.ranges))
    assert found.apart == ""


def test_what_moved_is_told(make_pipeline: MakePipeline) -> None:
    found = compared(make_pipeline(), make_pipeline(kernel=1.1, device="other"))
    assert {str(c.name) for c in found.changes} >= {"makespan", "busy[SM]", "bound"}
    assert not any(c.name.measure == "duration" for c in found.changes)
    assert "made on GPU, the trace on other" in found.apart
    first = found.kernels[0]
    assert (first.name, first.engine, first.differs) == ("scale", "SM", True)
    assert first.before is not None
    assert first.now is not None
    assert (first.before.launches, first.now.launches) == (4, 4)
    assert first.change_ns == pytest.approx(80_000, abs=200)


def test_runs_of_different_length_are_compared_launch_by_launch(
    make_pipeline: MakePipeline,
) -> None:
    short = make_pipeline(factors=[1.0, 1.001, 0.999], repeats=False)
    long = make_pipeline(factors=[1.0, 1.001, 0.999] * 7, repeats=False)
    found = compared(short, long)
    assert {c.name.measure for c in found.changes} >= {"makespan", "busy"}
    rows = {(one.name, one.engine): one for one in (*found.kernels, *found.ranges)}
    assert not any(one.differs for one in rows.values())
    scale = rows["scale", "SM"]
    assert scale.before is not None
    assert scale.now is not None
    assert (scale.before.launches, scale.now.launches) == (12, 84)


def test_kernels_come_and_go(make_pipeline: MakePipeline) -> None:
    found = compared(make_pipeline(), make_pipeline(kernel_name="fused"))
    gone, new = (next(k for k in found.kernels if k.name == n) for n in ("scale", "fused"))
    assert gone.now is None
    assert new.before is None
    assert gone.differs
    assert gone.change_ns == -new.change_ns


def test_findings_come_and_go() -> None:
    samples = Path(__file__).resolve().parents[2] / "samples" / "pinned_vs_pageable"
    found = compared(Trace.load(samples / "pageable"), Trace.load(samples / "pinned"))
    assert found.findings == {"pageable-copy": (True, False)}
    assert found.to_json()["findings"]["pageable-copy"] == {"before": True, "now": False}


def test_paces_add_up(make_pipeline: MakePipeline) -> None:
    trace = make_pipeline()
    lasted = trace.column("activities", "end") - trace.column("activities", "start")
    paces = kernel_paces(trace)
    assert sum(pace.total_ns for pace in paces.values()) * 5 == lasted.sum()
    assert sum(pace.launches for pace in paces.values()) * 5 == len(lasted)
    assert {name: pace.launches for (_, name), pace in range_paces(trace).items()} == {
        "step": 1,
        **{f"chunk {i}": 1 for i in range(4)},
    }


def test_a_trace_without_calls_has_no_ranges(make_pipeline: MakePipeline) -> None:
    trace = make_pipeline()
    bare = Trace.from_tables(trace.meta, {"activities": trace.tables["activities"]})
    assert compared(bare, bare).ranges == ()


def test_one_trace_on_either_side_is_a_pair(make_pipeline: MakePipeline) -> None:
    one, other = make_pipeline(), make_pipeline()
    pairs = paired({Path("a.trace"): one}, {Path("b.trace"): other})
    assert [(name, now) for (name, _), (now, _) in pairs] == [("a", "b")]


def test_folders_are_matched_by_technique_or_name(make_pipeline: MakePipeline) -> None:
    labelled = make_pipeline(labels={"technique": "pdl", "variant": "pdl"})
    plain = make_pipeline()
    before = {Path("x/1"): labelled, Path("x/step"): plain, Path("x/old"): plain}
    now = {Path("y/step"): plain, Path("y/2"): labelled}
    assert [name for (name, _), _ in paired(before, now)] == ["pdl/pdl", "step"]
    with pytest.raises(UsageError, match="no trace has the same name"):
        paired({Path("a"): plain, Path("b"): plain}, {Path("c"): plain})
