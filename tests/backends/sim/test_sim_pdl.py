"""Programmatic dependent launch."""

from __future__ import annotations

from typing import Any

from timeline.program import Builder


def _pair(
    sim: Any, *, trigger: float | None, pdl: bool = True, grid: int = 1, event: str = ""
) -> Builder:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "a", s, 100, trigger=trigger, grid=grid)
    if event:
        b.record(b.event("e", timing=event == "timing"), s)
    sim.launch(b, "b", s, 50, pdl=pdl, prologue=20)
    return b


def test_the_prologue_runs_from_the_trigger_and_the_rest_from_the_end(sim: Any) -> None:
    assert sim.spans(_pair(sim, trigger=60)) == {"a": (0, 100), "b": (60, 130)}


def test_without_the_attribute_nothing_overlaps(sim: Any) -> None:
    assert sim.spans(_pair(sim, trigger=60, pdl=False))["b"] == (100, 150)


def test_without_a_trigger_the_exit_counts(sim: Any) -> None:
    assert sim.spans(_pair(sim, trigger=None))["b"] == (100, 150)


def test_a_late_trigger_leaves_the_prologue_less_to_hide(sim: Any) -> None:
    assert sim.spans(_pair(sim, trigger=90))["b"] == (90, 140)


def test_latencies_of_launch_and_flush(sim: Any) -> None:
    slow = sim.with_(gaps={"pdl": 3, "pdl_flush": 5, "kernel": 11})
    assert slow.spans(_pair(sim, trigger=60))["b"] == (63, 135)


def test_all_blocks_of_the_primary_have_to_trigger(sim: Any) -> None:
    # two waves: the last blocks start at 100 and trigger at 160
    assert sim.spans(_pair(sim, trigger=60, grid=8)) == {"a": (0, 200), "b": (200, 250)}
    # 6 blocks: at 160 two SMs are free for b
    assert sim.spans(_pair(sim, trigger=60, grid=6)) == {"a": (0, 200), "b": (160, 230)}


def test_an_event_between_may_take_the_overlap_away(sim: Any) -> None:
    assert sim.spans(_pair(sim, trigger=60, event="plain"))["b"] == (60, 130)
    assert sim.spans(_pair(sim, trigger=60, event="timing"))["b"] == (100, 150)
    always = sim.with_(semantics={"event_ends_pdl": "always"})
    assert always.spans(_pair(sim, trigger=60, event="plain"))["b"] == (100, 150)


def test_a_chain_of_three(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "a", s, 100, trigger=60)
    sim.launch(b, "b", s, 50, pdl=True, prologue=20, trigger=30)
    sim.launch(b, "c", s, 50, pdl=True, prologue=10)
    # b returns from its wait at 100, triggers 10 later, ends at 130
    assert sim.spans(b) == {"a": (0, 100), "b": (60, 130), "c": (110, 170)}


def test_stamps_tell_the_phases(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "a", s, 100, trigger=60, roles=("body", "epilogue"))
    sim.launch(b, "b", s, 50, pdl=True, prologue=20, roles=("prologue", "wait", "body", "loader"))
    rows = sim.run(b).stamps.to_pylist()
    assert [(r["correlation"], r["role"], r["start"], r["end"]) for r in rows] == [
        (1, "body", 0, 60),
        (1, "epilogue", 60, 100),
        (2, "prologue", 60, 80),
        (2, "wait", 80, 100),
        (2, "body", 100, 130),
        (2, "loader", 60, 130),
    ]
    assert sim.run(b, stamps=False).stamps.num_rows == 0


def test_the_dependent_of_a_kernel_that_ended_long_ago(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "a", s, 100, trigger=60)
    b.host_work("late", 500)
    sim.launch(b, "b", s, 50, pdl=True, prologue=20)
    assert sim.spans(b)["b"] == (500, 550)
