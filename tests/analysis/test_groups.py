"""Kernels that a user names, communication among them, and the parts of a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.analysis import (
    Selection,
    Work,
    breakdown,
    communication,
    device_idle,
    group_overlaps,
    groups,
    work_of,
)
from timeline.analysis.communication import collectives
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]

MULTIMEM = "void (anonymous namespace)::multimem_all_reduce_kernel<c10::BFloat16, 16>(x*)"
CUSTOM = "void ours::push_halves<float>(float*)"


def kernel(name: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"engine": "SM", "name": name, "start": start, "end": end, **more}


def names(work: Work, patterns: list[str]) -> list[str]:
    rows = Selection.of(patterns).rows(work)
    known = work.trace.names("activities", "name")
    return [known[code] for code in work.column("name")[rows].tolist()]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("multimem_all_reduce*", [MULTIMEM]),
        ("push_halves", [CUSTOM]),
        ("*halves*", [CUSTOM]),
        ("gemm", ["gemm"]),
        ("halves", []),
        ("ours", []),
        ("*", [MULTIMEM, CUSTOM, "gemm"]),
        ("[m]ulti*", [MULTIMEM]),
    ],
)
def test_a_name_or_its_function(pattern: str, found: list[str], make_trace: MakeTrace) -> None:
    rows = [kernel(MULTIMEM, 0, 5), kernel(CUSTOM, 5, 9), kernel("gemm", 9, 12)]
    assert names(work_of(make_trace(rows), 0), [pattern]) == found


def test_ranges_pick_what_their_thread_issued(make_trace: MakeTrace) -> None:
    rows = [
        kernel("a", 100, 110, process=1, correlation=1),
        kernel("b", 110, 120, process=1, correlation=2),
        kernel("c", 120, 130, process=2, correlation=1),
        kernel("d", 130, 140),
    ]
    calls = [
        {"start": 10, "end": 12, "process": 1, "thread": 5, "correlation": 1},
        {"start": 10, "end": 12, "process": 1, "thread": 6, "correlation": 2},
        {"start": 30, "end": 32, "process": 2, "thread": 5, "correlation": 1},
    ]
    ranges = [
        {"name": "step 1", "start": 5, "end": 20, "process": 1, "thread": 5},
        {"name": "other", "start": 0, "end": 50, "process": 1, "thread": 6},
        {"name": "step 2", "start": 25, "end": 30, "process": 2, "thread": 5},
    ]
    trace = make_trace(rows, calls=calls, ranges=ranges)
    assert names(work_of(trace, 0), ["nvtx:step*"]) == ["a"]
    assert names(work_of(trace, 0), ["nvtx:*", "d"]) == ["a", "b", "d"]
    assert names(work_of(trace, 0), ["nvtx:nothing"]) == []


def test_ranges_on_the_device_pick_what_starts_in_them(make_trace: MakeTrace) -> None:
    rows = [kernel("a", 10, 20, stream=7), kernel("b", 12, 30, stream=8), kernel("c", 40, 50)]
    spans = [{"name": "nccl:all_reduce", "start": 10, "end": 40, "device": 0, "stream": 7}]
    work = work_of(make_trace(rows, device_ranges=spans), 0)
    assert names(work, ["nvtx:nccl:*"]) == ["a"]


def test_what_communicates(make_trace: MakeTrace) -> None:
    rows = [
        kernel("ncclDevKernel_AllReduce", 0, 10, correlation=1),
        kernel(MULTIMEM, 10, 20, correlation=2),
        kernel("mystery", 20, 30, correlation=3),
        kernel(CUSTOM, 30, 50, correlation=4),
        kernel("gemm", 0, 60, correlation=5),
    ]
    told = [
        {"origin": "activity", "start": 20, "end": 30, "stream": 1, "correlation": 3},
        {"origin": "host", "start": 0, "end": 30, "stream": 1, "correlation": 5},
    ]
    work = work_of(make_trace(rows, collectives=told), 0)
    assert collectives(work).tolist() == [True, False, True, True, False]  # by start
    assert communication(work).communication_ns == 30
    more = communication(work, Selection.of(["push_halves*"]))
    assert (more.communication_ns, more.hidden_ns, more.compute_ns) == (50, 50, 60)


def test_groups_beside_one_another(make_trace: MakeTrace) -> None:
    rows = [kernel("gemm_a", 0, 30), kernel("gemm_b", 40, 60), kernel("copy_x", 20, 50)]
    work = work_of(make_trace(rows), 0)
    chosen = {name: Selection.of([f"{name}*"]) for name in ("gemm", "copy", "none")}
    found = {one.name: one for one in groups(work, chosen)}
    assert [found[name].busy_ns for name in chosen] == [50, 30, 0]
    assert [found[name].alone_ns for name in chosen] == [30, 10, 0]
    assert found["gemm"].activities == 2
    pairs = {pair.groups: pair for pair in group_overlaps(work, chosen)}
    assert pairs["gemm", "copy"].overlap_ns == 20
    assert pairs["gemm", "copy"].ratio == pytest.approx(2 / 3)
    assert pairs["gemm", "none"].ratio is None


LANES = ("SM", "H2D", "D2H", "D2D", "P2P", "MEMSET", "HOST", "GRAPH")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(LANES), st.integers(0, 40), st.integers(0, 15), st.sampled_from("gn")
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS)
def test_the_parts_are_counted_once(
    make_trace: MakeTrace, rows: list[tuple[str, int, int, str]]
) -> None:
    named = {"g": "gemm", "n": "ncclDevKernel"}
    work = work_of(
        make_trace(
            [
                {"engine": engine, "start": start, "end": start + length, "name": named[name]}
                for engine, start, length, name in rows
            ]
        ),
        0,
    )
    found = breakdown(work)
    layers = {"compute": 0, "talk": 1, "memory": 2, "other": 3}
    ticks = [len(layers)] * 60  # of each ns the first layer that is busy
    for engine, start, length, name in rows:
        if engine == "HOST":
            continue
        layer = {"P2P": "talk", "GRAPH": "other"}.get(engine, "memory")
        if engine == "SM":
            layer = "talk" if name == "n" else "compute"
        for tick in range(start, start + length):
            ticks[tick] = min(ticks[tick], layers[layer])
    assert [
        found.compute_ns,
        found.exposed_communication_ns,
        found.exposed_memory_ns,
        found.other_ns,
    ] == [ticks.count(layer) for layer in range(4)]
    assert found.idle_ns == device_idle(work).total_ns
    assert found.window_ns == work.window.length_ns
