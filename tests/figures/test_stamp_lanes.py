"""Rows inside the kernels: roles, SMs, and one launch to look at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.errors import UsageError
from timeline.figures import gantt, gantt_svg
from timeline.figures.lane import Lane
from timeline.figures.launch import chosen_launch, stamped_kernels
from timeline.figures.palette import ROLES, role_code
from timeline.figures.rows import rows_of
from timeline.techniques import technique
from timeline.trace import Meta, Trace, table

Span = tuple[int, int, int, str, int, int, int]


def trace_of(kernels: Sequence[tuple[str, int, int]], spans: Sequence[Span] = ()) -> Trace:
    """Kernels (name, start, end), and stamps (launch, block, sm, role, tile, start, end)."""
    rows = [
        {"kind": "kernel", "engine": "SM", "name": name, "start": a, "end": b, "device": 0}
        | {"stream": 7, "correlation": n}
        for n, (name, a, b) in enumerate(kernels)
    ]
    names = ("correlation", "block", "sm", "role", "tile", "start", "end")
    stamps: dict[str, Any] = {key: [row[i] for row in spans] for i, key in enumerate(names)}
    stamps["device"] = [0] * len(spans)
    made = {"activities": {key: [row[key] for row in rows] for key in rows[0]}, "stamps": stamps}
    return Trace.from_tables(Meta("cupti"), {key: table(key, made[key]) for key in made})


def lanes(trace: Trace, **options: Any) -> dict[str, Lane]:
    return {lane.label: lane for lane in rows_of(trace, **options).lanes}


@pytest.fixture
def pipelined() -> Trace:
    """A block of a loader that is two tiles ahead, and one of another kernel on the same SM."""
    kernels = [("load_and_compute", 0, 100), ("other", 0, 100)]
    spans = [
        (0, 0, 3, "loader", 0, 0, 20),
        (0, 0, 3, "loader", 1, 5, 40),
        (0, 0, 3, "compute", 0, 20, 60),
        (0, 0, 3, "compute", 1, 60, 100),
        (1, 0, 3, "body", 0, 10, 90),
        (1, 1, 5, "body", 0, 10, 90),
    ]
    return trace_of(kernels, spans)


def test_each_sm_has_a_row_with_the_roles_of_its_blocks(pipelined: Trace) -> None:
    found = lanes(pipelined, sms=8)
    sm = found["SM 3"]
    named = [sm.names[code] for code in sm.bars.name.tolist()]
    assert named == ["loader", "loader", "other", "compute", "compute"]
    assert found["SM 5"].bars.start.tolist() == [10]
    looks = [ROLES[code].key for code in sm.bars.role.tolist()]
    assert looks == ["stamp_load", "stamp_load", "sm1", "stamp", "stamp"]
    assert [pipelined.column("stamps", "tile")[row] for row in sm.bars.row.tolist()] == [
        *(0, 1, 0, 0, 1)
    ]


def test_roles_at_once_and_blocks_at_once_have_sub_rows(pipelined: Trace) -> None:
    bars = lanes(pipelined, sms=8)["SM 3"].bars
    loaders, body, computes = bars.depth[:2], bars.depth[2], bars.depth[3:]
    assert loaders.tolist() == [0, 1]
    assert computes.tolist() == [2, 2]
    assert body == 3


def test_no_two_spans_of_a_row_hide_each_other() -> None:
    found = technique("two_pipelines").program("two_stages", batches=2, tiles=64)
    trace = SimBackend("h200").run(found, RunOptions(verify=False))
    for lane in rows_of(trace, sms=4).lanes:
        if lane.label.startswith("SM ") and lane.kind == "stamps":
            bars = lane.bars
            for depth in np.unique(bars.depth):
                mine = bars.depth == depth
                assert (bars.start[mine][1:] >= bars.end[mine][:-1]).all()


def test_the_first_sms_are_shown(pipelined: Trace) -> None:
    assert [n for n in lanes(pipelined, sms=1) if n.startswith("SM ")] == ["SM 3"]
    assert not [n for n in lanes(pipelined) if n.startswith("SM ")]


def test_sequential_roles_share_a_row() -> None:
    spans = [
        (0, 0, 0, "prologue", 0, 0, 10),
        (0, 0, 0, "wait", 0, 10, 20),
        (0, 0, 0, "body", 0, 20, 30),
    ]
    found = lanes(trace_of([("k", 0, 30)], spans), sms=1)["SM 0"]
    assert found.depths == 1
    assert ROLES[found.bars.role[1]].hatched


def test_tiles_are_counted_as_tiles(pipelined: Trace) -> None:
    found = lanes(pipelined)
    assert list(found["loader"].names) == ["1 tile in 'loader'", "2 tiles in 'loader'"]
    assert list(found["body"].names) == ["2 blocks in 'body'"]
    assert found["loader"].bars.role[0] == role_code("stamp_load")


def test_a_launch_is_that_of_median_length() -> None:
    kernels = [("k", 0, 10), ("k", 20, 50), ("k", 60, 80), ("plain", 0, 90)]
    spans: list[Span] = [(n, 0, 0, "body", 0, start, end) for n, (_, start, end) in
                         enumerate(kernels[:3])]  # fmt: skip
    trace = trace_of(kernels, spans)
    assert stamped_kernels(trace) == ["k"]
    launch = chosen_launch(trace, "k")
    assert (launch.correlation, launch.start, launch.end, launch.view) == (2, 60, 80, (60, 80))
    rows = rows_of(trace, kernel="k", sms=1)
    assert rows.window == (60, 80)
    assert rows.makespan_ns == 20
    assert next(lane for lane in rows.lanes if lane.label == "SM 0").bars.start.tolist() == [60]


def test_a_launch_that_stamps_its_beginning_only_is_shown_that_far() -> None:
    launch = chosen_launch(trace_of([("k", 0, 1000)], [(0, 0, 0, "body", 0, 0, 120)]), "k")
    assert launch.view == (0, 130)
    rows = rows_of(trace_of([("k", 0, 1000)], [(0, 0, 0, "body", 0, 0, 120)]), kernel="k")
    assert rows.makespan_ns == 1000


def test_a_part_of_a_name_is_enough(pipelined: Trace) -> None:
    assert chosen_launch(pipelined, "load").correlation == 0
    assert chosen_launch(pipelined, "other").correlation == 1


@pytest.mark.parametrize(("kernel", "words"), [("othre", "did you mean 'other'"), ("x", "known")])
def test_a_kernel_without_stamps_is_refused(pipelined: Trace, kernel: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        rows_of(pipelined, kernel=kernel)


def test_a_trace_without_stamps_has_nothing_to_zoom_in_on() -> None:
    with pytest.raises(UsageError, match="no kernel of this trace wrote stamps"):
        chosen_launch(trace_of([("k", 0, 10)], []), "k")


def test_pictures_of_a_launch(pipelined: Trace) -> None:
    document = gantt_svg({"a": pipelined, "b": pipelined}, kernel="load", sms=2, stamps=True)
    assert document.count(">SM 3<") == 2
    assert ">loader<" in document
    figure = gantt(pipelined, kernel="load", sms=2)
    shown = " ".join(str(bar.hovertemplate) for bar in figure.data)
    assert "block %{customdata[3]:d} · tile %{customdata[4]:d}" in shown


def test_hundreds_of_thousands_of_stamps_are_summed_up() -> None:
    """Exactly: the heights of the buckets add up to the time in which an SM had a block."""
    count = 300_000
    rng = np.random.default_rng(3)
    start = np.sort(rng.integers(0, 40_000_000, count))
    stamps: dict[str, Any] = {
        "correlation": np.zeros(count, np.int64),
        "device": np.zeros(count, np.int32),
        "block": np.arange(count, dtype=np.int32),
        "sm": rng.integers(0, 4, count).astype(np.int32),
        "role": (rng.integers(0, 2, count).astype(np.int32), ["loader", "compute"]),
        "tile": np.zeros(count, np.int32),
        "start": start,
        "end": start + rng.integers(1, 2_000, count),
    }
    kernel = trace_of([("k", 0, 41_000_000)], [(0, 0, 0, "body", 0, 0, 1)])
    trace = Trace.from_tables(
        Meta("cupti"), {"activities": kernel.activities, "stamps": table("stamps", stamps)}
    )
    rows = rows_of(trace, sms=4, most=2_000)
    assert rows.bars <= 2_500
    lane = next(lane for lane in rows.lanes if lane.label == "SM 0")
    assert lane.bucket_ns
    mine = stamps["sm"] == 0
    busy = np.zeros(42_000_000, np.int8)
    for a, b in zip(start[mine].tolist(), stamps["end"][mine].tolist(), strict=True):
        busy[a:b] = 1
    assert int(lane.bars.busy_ns.sum()) == int(busy.sum())
