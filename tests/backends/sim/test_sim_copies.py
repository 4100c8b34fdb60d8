"""Copies: engines, directions, pageable memory, fills, peers."""

from __future__ import annotations

from typing import Any

import pytest

from timeline.program import Buffer, Builder

KB = 1000


def _buffers(b: Builder, nbytes: int = KB, *, pinned: bool = True) -> tuple[Buffer, Buffer]:
    return b.host("h", nbytes, pinned=pinned), b.device("d", nbytes)


def _starts(trace: Any) -> list[tuple[int, int]]:
    rows = trace.activities.to_pylist()
    return [(r["start"], r["end"]) for r in rows]


def test_copies_of_one_direction_queue_up(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, 2 * KB)
    s, t = b.stream("s"), b.stream("t")
    b.memcpy(d.span(0, KB), h.span(0, KB), s)
    b.memcpy(d.span(KB, KB), h.span(KB, KB), t)
    assert _starts(sim.run(b)) == [(0, 1000), (1000, 2000)]


def test_an_engine_serves_who_is_ready_first(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, 3 * KB)
    s, t, u = b.stream("s"), b.stream("t"), b.stream("u")
    sim.launch(b, "k", s, 100)
    b.memcpy(d.span(0, KB), h.span(0, KB), s)  # issued first, ready at 100
    b.memcpy(d.span(KB, 500), h.span(KB, 500), t)  # ready at 0
    sim.launch(b, "j", u, 200)
    b.memcpy(d.span(2 * KB, 500), h.span(2 * KB, 500), u)  # ready at 200
    rows = [r for r in sim.run(b).activities.to_pylist() if r["kind"] == "memcpy"]
    assert [(r["start"], r["end"], r["stream"]) for r in rows] == [
        (0, 500, 2), (500, 1500, 1), (1500, 2000, 3),
    ]  # fmt: skip


def test_both_directions_run_together_and_slow_each_other_down(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, KB)
    back, e = b.host("back", 500, pinned=True), b.device("e", 500)
    b.memcpy(d, h, b.stream("s"))
    b.memcpy(back, e, b.stream("t"))
    # twice as slow: the shorter takes 1000, then the longer has half of its work left
    assert sim.spans(b) == {"HtoD": (0, 1500), "DtoH": (0, 1000)}


def test_a_copy_that_joins_another_slows_it_from_then_on(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, KB)
    back, e = b.host("back", 200, pinned=True), b.device("e", 200)
    b.memcpy(d, h, b.stream("s"))
    t = b.stream("t")
    sim.launch(b, "k", t, 600)
    b.memcpy(back, e, t)
    spans = sim.spans(b)
    # 600 alone, 400 of work while the other one needs 2 x 200: 200 done by then, 200 alone
    assert (spans["DtoH"], spans["HtoD"]) == ((600, 1000), (0, 1200))


def test_one_engine_serves_both_directions(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, KB)
    back, e = b.host("back", 500, pinned=True), b.device("e", 500)
    b.memcpy(d, h, b.stream("s"))
    b.memcpy(back, e, b.stream("t"))
    assert sim.with_(copy={"engines": 1}).spans(b) == {"HtoD": (0, 1000), "DtoH": (1000, 1500)}


def test_gaps_of_an_engine_handover(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, 2 * KB)
    s = b.stream("s")
    b.memcpy(d.span(0, KB), h.span(0, KB), s)
    b.memcpy(d.span(KB, KB), h.span(KB, KB), s)
    sim.launch(b, "k", s, 10)
    b.memcpy(h, d, s)
    slow = sim.with_(gaps={"copy_copy": 3, "from_copy": 20, "to_copy": 40, "kernel": 1})
    assert _starts(slow.run(b)) == [(0, 1000), (1003, 2003), (2023, 2033), (2073, 4073)]


def test_the_handover_gap_holds_across_streams_too(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b)
    s, t, e = b.stream("s"), b.stream("t"), b.event("e")
    b.memcpy(d, h, s)
    b.record(e, s)
    b.wait(t, e)
    sim.launch(b, "k", t, 10)
    assert sim.with_(gaps={"from_copy": 20, "kernel": 1}).spans(b)["k"] == (1020, 1030)


def test_pinned_copies_return_at_once_and_blocking_ones_do_not(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b)
    s = b.stream("s")
    b.memcpy(d, h, s)
    b.memcpy(h, d, s, blocking=True)
    calls = sim.run(b).calls.to_pylist()
    assert [(c["name"], c["start"], c["end"]) for c in calls] == [
        ("cudaMemcpyAsync", 0, 0),
        ("cudaMemcpy", 0, 2000),
    ]


def test_a_small_pageable_copy_to_the_device_returns_once_staged(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, KB, pinned=False)
    s = b.stream("s")
    sim.launch(b, "k", s, 9000)
    b.memcpy(d, h, s)
    sim.launch(b, "other", b.stream("t"), 10)
    spans = sim.spans(b)
    assert spans["other"][0] == 4000
    assert spans["HtoD"] == (9000, 10000)


def test_a_large_pageable_copy_to_the_device_waits_for_its_stream(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, 2 * KB, pinned=False)
    s = b.stream("s")
    sim.launch(b, "k", s, 9000)
    b.memcpy(d, h, s)
    sim.launch(b, "other", b.stream("t"), 10)
    spans = sim.spans(b)
    assert spans["HtoD"] == (9000, 17500)  # staged for 8000, then the last 500 bytes
    assert spans["other"][0] == 17000


def test_a_pageable_copy_to_the_host_blocks_until_it_is_done(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, KB, pinned=False)
    b.memcpy(h, d, b.stream("s"))
    sim.launch(b, "other", b.stream("t"), 10)
    spans = sim.spans(b)
    assert spans == {"DtoH": (0, 5000), "other": (5000, 5010)}


@pytest.mark.parametrize(("blocks", "start"), [(False, 0), (True, 20)])
def test_memcpy_within_the_device_holds_the_host_or_not(sim: Any, blocks: bool, start: int) -> None:
    b = Builder("p")
    one, two = b.device("one", KB), b.device("two", KB)
    b.memcpy(two, one, b.stream("s"), blocking=True)
    sim.launch(b, "k", b.stream("t"), 10)
    device = sim.with_(semantics={"d2d_memcpy_blocks": blocks})
    assert device.spans(b, gate=False)["k"][0] == start
    assert device.spans(b)["DtoD"] == (0, 20)


def test_fills_and_copies_in_the_device_share_its_bandwidth(sim: Any) -> None:
    b = Builder("p")
    one, two, three = b.device("one", KB), b.device("two", KB), b.device("three", KB)
    b.memset(one, 0, b.stream("s"))
    b.memcpy(three, two, b.stream("t"))
    # each alone draws 100 bytes/ns, all there is: 10 ns for 1000 and 20 ns for 2000 bytes
    assert sim.spans(b) == {"[CUDA memset]": (0, 20), "DtoD": (0, 30)}


def test_peer_copies_have_their_own_engine(sim: Any) -> None:
    b = Builder("p")
    h, d0, d1 = b.host("h", KB, pinned=True), b.device("d0", KB), b.device("d1", KB, device=1)
    e0 = b.device("e0", KB)
    b.memcpy(d1, d0, b.stream("s"))
    b.memcpy(h, e0, b.stream("t"))
    trace = sim.run(b)
    row = trace.activities.to_pylist()[0]
    assert (row["copy_kind"], row["src_device"], row["dst_device"], row["engine"]) == (
        "PtoP", 0, 1, "P2P",
    )  # fmt: skip
    assert sim.spans(b) == {"PtoP": (0, 500), "DtoH": (0, 1000)}
    assert sim.with_(copy={"engines": 2}).spans(b) == {"PtoP": (0, 500), "DtoH": (500, 1500)}
    assert trace.calls["name"].to_pylist()[0] == "cudaMemcpyPeerAsync"


def test_small_copies_travel_in_the_command_stream(sim: Any) -> None:
    b = Builder("p")
    h, d = _buffers(b, 8)
    s = b.stream("s")
    sim.launch(b, "k", s, 10)
    b.memcpy(d, h, s)
    slow = sim.with_(gaps={"to_copy": 40, "kernel": 1})
    assert slow.spans(b)["HtoD"][0] == 50
    inline = slow.with_(copy={"inline_bytes": 8})
    assert inline.spans(b)["HtoD"][0] == 11
