"""Captured graphs and collectives."""

from __future__ import annotations

from typing import Any

import pytest

from timeline.errors import DeviceMemoryError, NoGpuError
from timeline.program import Builder, Graph


def _fork_join(sim: Any, b: Builder) -> Graph:
    s, t = b.stream("s"), b.stream("t")
    fork, join = b.event("fork"), b.event("join")
    with b.capture("g", s) as captured:
        sim.launch(b, "root", s, 10)
        b.record(fork, s)
        b.wait(t, fork)
        sim.launch(b, "left", s, 100)
        sim.launch(b, "right", t, 60)
        b.record(join, t)
        b.wait(s, join)
        sim.launch(b, "end", s, 5)
    return captured[0]


def test_a_graph_keeps_the_order_of_its_capture(sim: Any) -> None:
    b = Builder("p")
    graph = _fork_join(sim, b)
    launcher = b.stream("launcher")
    sim.launch(b, "before", launcher, 7)
    b.graph_launch(graph, launcher)
    sim.launch(b, "after", launcher, 7)
    assert sim.spans(b) == {
        "before": (0, 7),
        "root": (7, 17),
        "left": (17, 117),
        "right": (17, 77),
        "end": (117, 122),
        "after": (122, 129),
    }


def test_a_graph_is_one_call_with_nodes(sim: Any) -> None:
    b = Builder("p")
    graph = _fork_join(sim, b)
    s = b.stream("launcher")
    b.graph_launch(graph, s)
    b.graph_launch(graph, s)
    costly = sim.with_(
        host={"calls": {"other": 1, "cudaGraphLaunch": 50}, "graph_node_ns": 0.5},
        gaps={"graph": 3, "kernel": 1000},
    )
    trace = costly.run(b)
    assert [(c["name"], c["end"] - c["start"]) for c in trace.calls.to_pylist()] == [
        ("cudaGraphLaunch", 52), ("cudaGraphLaunch", 52),
    ]  # fmt: skip
    rows = trace.activities.to_pylist()
    assert [r["correlation"] for r in rows] == [1] * 4 + [2] * 4
    assert {r["graph"] for r in rows} == {1}
    assert sorted(r["graph_node"] for r in rows[:4]) == [1, 2, 3, 4]
    begin = rows[0]["start"]
    assert [r["start"] - begin for r in rows[:4]] == [0, 13, 13, 116]


def _allocating(sim: Any, nbytes: int) -> Builder:
    b = Builder("p")
    s, scratch = b.stream("s"), b.device("scratch", nbytes)
    with b.capture("g", s) as captured:
        b.malloc_async(scratch, s)
        sim.launch(b, "k", s, 10, outputs=[scratch])
        b.free_async(scratch, s)
    for _ in range(2):
        b.graph_launch(captured[0], s)
    return b


def test_memory_of_a_graph_does_not_come_from_the_pool(sim: Any) -> None:
    """Growing the pool would take the host's time at the first launch."""
    costly = sim.with_(pool={"grow_ns": [[0, 1000]], "release_ns": [[0, 1000]]})
    calls = costly.run(_allocating(sim, 1000)).calls.to_pylist()
    assert [c["name"] for c in calls] == ["cudaGraphLaunch"] * 2
    assert len({c["end"] - c["start"] for c in calls}) == 1


def test_memory_of_a_graph_is_taken_before_it_runs(sim: Any) -> None:
    b = _allocating(sim, 600_000_000)
    b.device("data", 600_000_000)
    with pytest.raises(DeviceMemoryError, match="the Program's buffers"):
        sim.run(b)


def test_programmatic_edges_inside_a_graph(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    with b.capture("g", s) as captured:
        sim.launch(b, "a", s, 100, trigger=60)
        sim.launch(b, "b", s, 50, pdl=True, prologue=20)
    b.graph_launch(captured[0], s)
    assert sim.spans(b) == {"a": (0, 100), "b": (60, 130)}


def test_an_all_reduce_starts_when_every_device_is_there(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t", device=1)
    x, y = b.device("x", 1000), b.device("y", 1000, device=1)
    sim.launch(b, "late", t, 100)
    b.all_reduce([x, y], [s, t])
    sim.launch(b, "after", s, 10)
    # 2 steps of 10 ns + 500 bytes at 2 bytes/ns
    rows = sim.run(b).activities.to_pylist()
    reduce = [(r["device"], r["start"], r["end"]) for r in rows if r["name"].startswith("nccl")]
    assert reduce == [(0, 0, 620), (1, 100, 620)]
    assert sim.spans(b)["after"] == (620, 630)


def test_a_device_that_the_host_does_not_have(sim: Any) -> None:
    b = Builder("p")
    b.memset(b.device("d", 8, device=2), 0, b.stream("s", device=2))
    with pytest.raises(NoGpuError, match="uses device 2, the described host has 2"):
        sim.run(b)
