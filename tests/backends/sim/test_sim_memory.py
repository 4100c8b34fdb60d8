"""cudaMalloc, cudaFree and stream-ordered pools."""

from __future__ import annotations

from typing import Any

import pytest

from timeline.errors import DeviceMemoryError
from timeline.program import Builder


def test_malloc_waits_for_nothing_and_free_for_the_device(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    d = b.device("d", 1000)
    sim.launch(b, "k", s, 1000)
    b.malloc(d)
    b.free(d)
    rows = sim.run(b).allocs.to_pylist()
    assert [(r["kind"], r["start"], r["end"]) for r in rows] == [
        ("malloc", 0, 100),
        ("free", 100, 1050),
    ]
    strict = sim.with_(semantics={"malloc_waits": "device", "free_waits": "nothing"})
    rows = strict.run(b).allocs.to_pylist()
    assert [(r["start"], r["end"]) for r in rows] == [(0, 1100), (1100, 1150)]
    assert rows[0]["address"] == rows[1]["address"]


def _pool_rows(trace: Any) -> list[tuple[Any, ...]]:
    return [
        (r["kind"], r["end"] - r["start"], r["pool_used"], r["pool_reserved"])
        for r in trace.allocs.to_pylist()
    ]


def test_a_pool_grows_once_and_serves_the_same_stream_again(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    one, two = b.device("one", 950), b.device("two", 500)
    b.malloc_async(one, s)
    sim.launch(b, "k", s, 100)
    b.free_async(one, s)
    b.malloc_async(two, s)
    b.free_async(two, s)
    assert _pool_rows(sim.run(b)) == [
        ("malloc_async", 300, 1000, 1000),
        ("free_async", 0, 0, 1000),
        ("malloc_async", 0, 500, 1000),
        ("free_async", 0, 0, 1000),
    ]


def _two_streams(sim: Any, *, ordered: bool) -> Any:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    e = b.event("e")
    one, two = b.device("one", 1000), b.device("two", 1000)
    b.malloc_async(one, s)
    sim.launch(b, "k", s, 5000)
    b.free_async(one, s)
    b.record(e, s)
    if ordered:
        b.wait(t, e)
    b.malloc_async(two, t)
    b.free_async(two, t)
    return sim.run(b).allocs.to_pylist()[2]["pool_reserved"]


def test_memory_freed_in_another_stream_is_used_again_behind_an_event(sim: Any) -> None:
    assert _two_streams(sim, ordered=True) == 1000
    assert _two_streams(sim, ordered=False) == 2000


def test_memory_freed_elsewhere_is_used_again_once_that_has_ended(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    one, two = b.device("one", 1000), b.device("two", 1000)
    b.malloc_async(one, s)
    sim.launch(b, "k", s, 100)
    b.free_async(one, s)
    b.host_work("wait", 500)
    b.malloc_async(two, t)
    b.free_async(two, t)
    assert sim.run(b).allocs.to_pylist()[2]["pool_reserved"] == 1000


def _batches(threshold: int) -> Builder:
    b = Builder("p")
    s = b.stream("s")
    d = b.device("d", 1000)
    b.release_threshold(threshold)
    for _ in range(2):
        b.malloc_async(d, s)
        b.free_async(d, s)
        b.stream_synchronize(s)
    return b


def test_a_synchronisation_gives_memory_above_the_threshold_back(sim: Any) -> None:
    trace = sim.run(_batches(0))
    assert [r[1] for r in _pool_rows(trace)] == [300, 0, 300, 0]
    assert [r["end"] - r["start"] for r in trace.syncs.to_pylist()] == [200, 200]
    trace = sim.run(_batches(1000))
    assert [r[1] for r in _pool_rows(trace)] == [300, 0, 0, 0]
    assert [r["end"] - r["start"] for r in trace.syncs.to_pylist()] == [0, 0]


def test_a_warm_up_run_leaves_a_warm_pool(sim: Any) -> None:
    cold, warm = (_pool_rows(sim.run(_batches(1000), warmup=n)) for n in (0, 1))
    assert (cold[0][1], warm[0][1]) == (300, 0)
    again = _pool_rows(sim.run(_batches(1000), repeat=2))
    assert [r[1] for r in again] == [300, 0, 0, 0, 0, 0, 0, 0]


def test_memory_runs_out(sim: Any) -> None:
    small = sim.with_(memory={"bytes": 1500})
    b = Builder("p")
    d, e = b.device("d", 1000), b.device("e", 1000)
    for buffer in (d, e):
        b.malloc(buffer)
    for buffer in (d, e):
        b.free(buffer)
    with pytest.raises(DeviceMemoryError, match="cudaMalloc of 'e' of 1000 bytes; 500 of 1500"):
        small.run(b)
    big = Builder("p")
    big.memset(big.device("huge", 2000), 0, big.stream("s"))
    with pytest.raises(DeviceMemoryError, match="'huge' has 2000 bytes"):
        small.run(big)
