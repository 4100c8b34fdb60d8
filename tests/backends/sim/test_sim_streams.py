"""Order within and between streams: FIFO, events, the default streams, the host."""

from __future__ import annotations

from typing import Any

import pytest

from timeline.errors import ProgramError
from timeline.program import Builder, HostBarrier, HostThread, HostWork, Program, StreamWaitEvent


def test_a_stream_is_first_in_first_out(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "a", s, 100)
    sim.launch(b, "b", s, 50)
    assert sim.spans(b) == {"a": (0, 100), "b": (100, 150)}


def test_streams_run_side_by_side(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100)
    sim.launch(b, "b", b.stream("t"), 50)
    assert sim.spans(b) == {"a": (0, 100), "b": (0, 50)}


def test_the_gap_between_dependent_kernels(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "a", s, 100)
    sim.launch(b, "b", s, 50)
    assert sim.with_(gaps={"kernel": 7}).spans(b)["b"] == (107, 157)


def test_a_wait_stalls_its_own_stream_alone(sim: Any) -> None:
    b = Builder("p")
    s, t, u = b.stream("s"), b.stream("t"), b.stream("u")
    e = b.event("e")
    sim.launch(b, "producer", s, 100)
    b.record(e, s)
    b.wait(t, e)
    sim.launch(b, "consumer", t, 10)
    sim.launch(b, "other", u, 10)
    spans = sim.spans(b)
    assert spans["consumer"] == (100, 110)
    assert spans["other"] == (0, 10)


def test_a_wait_means_the_latest_record_at_the_time_of_the_call(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    e = b.event("e")
    sim.launch(b, "first", s, 100)
    b.record(e, s)
    b.wait(t, e)
    sim.launch(b, "second", s, 100)
    b.record(e, s)
    sim.launch(b, "waiter", t, 10)
    assert sim.spans(b)["waiter"] == (100, 110)


def test_event_timestamps(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    e = b.event("e", timing=True)
    sim.launch(b, "a", s, 100)
    b.record(e, s)
    trace = sim.with_(gaps={"timing_event": 5}).run(b)
    assert trace.events["timestamp"].to_pylist() == [105]


def test_the_legacy_stream_waits_and_is_waited_for(sim: Any) -> None:
    b = Builder("p")
    legacy = b.legacy_stream()
    blocking, other = b.stream("b", blocking=True), b.stream("c", blocking=True)
    free = b.stream("n")
    sim.launch(b, "before", blocking, 100)
    sim.launch(b, "free", free, 500)
    sim.launch(b, "legacy", legacy, 10)
    sim.launch(b, "after", other, 20)
    assert sim.spans(b) == {
        "before": (0, 100),
        "free": (0, 500),
        "legacy": (100, 110),
        "after": (110, 130),
    }


def test_per_thread_default_streams_are_distinct_and_wait_for_legacy(sim: Any) -> None:
    b = Builder("p")
    own, legacy = b.per_thread_stream(), b.legacy_stream()
    with b.thread("one"):
        sim.launch(b, "first", own, 100)
    with b.thread("two"):
        sim.launch(b, "second", own, 100)
        sim.launch(b, "barrier", legacy, 10)
        sim.launch(b, "third", own, 10)
    trace = sim.run(b)
    rows = {r["name"]: r for r in trace.activities.to_pylist()}
    assert (rows["first"]["start"], rows["second"]["start"]) == (0, 0)
    assert (rows["barrier"]["start"], rows["third"]["start"]) == (100, 110)
    assert rows["first"]["stream"] != rows["second"]["stream"]
    kinds = trace.streams.to_pylist()
    assert [s["kind"] for s in kinds].count("per_thread") == 2
    assert len({s["stream"] for s in kinds}) == len(kinds)


def test_synchronisation_holds_the_host(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    sim.launch(b, "a", s, 100)
    sim.launch(b, "long", t, 300)
    b.stream_synchronize(s)
    sim.launch(b, "b", s, 10)
    b.device_synchronize()
    sim.launch(b, "c", s, 10)
    trace = sim.run(b)
    assert sim.spans(b) == {"a": (0, 100), "long": (0, 300), "b": (100, 110), "c": (300, 310)}
    rows = [(r["kind"], r["start"], r["end"]) for r in trace.syncs.to_pylist()]
    assert rows == [("stream_synchronize", 0, 100), ("device_synchronize", 100, 300)]


def test_synchronising_the_legacy_stream_is_a_switch(sim: Any) -> None:
    b = Builder("p")
    legacy, blocking = b.legacy_stream(), b.stream("b", blocking=True)
    sim.launch(b, "a", blocking, 100)
    b.stream_synchronize(legacy)
    sim.launch(b, "b", b.stream("n"), 10)
    assert sim.spans(b)["b"][0] == 0
    strict = sim.with_(semantics={"legacy_synchronize_waits": "blocking"})
    assert strict.spans(b)["b"][0] == 100


def test_event_synchronize_and_query(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    e = b.event("e")
    sim.launch(b, "a", s, 95)
    b.record(e, s)
    sim.launch(b, "tail", s, 500)
    b.event_query(e)
    sim.launch(b, "after", b.stream("t"), 10)
    polled = sim.with_(host={"calls": {"other": 0, "cudaEventQuery": 10}})
    # made at 0, 10, … 100: the one made at 100 is the first that finds it done, and returns at 110
    assert polled.spans(b)["after"] == (110, 120)
    assert sim.spans(b)["after"][0] == 96


def test_calls_cost_host_time(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    sim.launch(b, "a", s, 10)
    sim.launch(b, "b", t, 10)
    costly = sim.with_(host={"calls": {"other": 0, "cuLaunchKernelEx": 40}}, gaps={"submit": 3})
    assert costly.spans(b, gate=False) == {"a": (43, 53), "b": (83, 93)}
    calls = [(r["name"], r["start"], r["end"]) for r in costly.run(b).calls.to_pylist()]
    assert calls == [("cuLaunchKernelEx", 0, 40), ("cuLaunchKernelEx", 40, 80)]


def test_the_gate_hides_a_late_host(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    sim.launch(b, "a", s, 10)
    sim.launch(b, "b", t, 10)
    costly = sim.with_(host={"calls": {"other": 40}}, gaps={"gate": 5})
    assert costly.spans(b) == {"a": (85, 95), "b": (85, 95)}
    assert costly.run(b).meta.paced == "gated"
    assert costly.run(b, gate=False).meta.paced == "host"


def test_the_gate_opens_before_the_host_waits(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "a", s, 100)
    b.host_work("think", 30)
    sim.launch(b, "b", s, 10)
    costly = sim.with_(host={"calls": {"other": 40}})
    trace = costly.run(b)
    assert trace.meta.paced == "partly"
    assert trace.column("activities", "start").tolist() == [40, 140]


def test_a_full_launch_queue_holds_the_host(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    for i in range(5):
        sim.launch(b, f"k{i}", s, 100)
    sim.launch(b, "late", t, 1)
    short = sim.with_(host={"queue_depth": 2})
    # k2 needs k0 to have ended, k3 k1, k4 k2: the host is at `late` when k2 ends
    assert short.spans(b)["late"] == (300, 301)
    calls = short.run(b).calls.to_pylist()
    assert [(c["start"], c["end"]) for c in calls] == [
        (0, 0), (0, 0), (0, 100), (100, 200), (200, 300), (300, 300),
    ]  # fmt: skip


def test_host_functions_block_their_stream_and_share_one_thread(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    b.host_func("f", s, [b.host_body("work", 100)])
    b.host_func("g", t, [b.host_body("work", 50)])
    sim.launch(b, "a", s, 10)
    trace = sim.run(b)
    assert sim.spans(b) == {"f": (0, 100), "g": (100, 150), "a": (100, 110)}
    ranges = [r for r in trace.ranges.to_pylist() if r["category"] == "host_work"]
    assert [(r["start"], r["end"], r["thread"]) for r in ranges] == [(0, 100, 2), (100, 150, 2)]


def test_host_threads_meet_at_a_barrier(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    with b.thread("one"):
        b.host_work("slow", 100)
        b.host_barrier("meet")
        sim.launch(b, "a", s, 10)
    with b.thread("two"):
        b.host_barrier("meet")
        sim.launch(b, "b", t, 10)
    assert sim.spans(b) == {"a": (100, 110), "b": (100, 110)}


def test_an_event_orders_threads(sim: Any) -> None:
    b = Builder("p")
    s, t = b.stream("s"), b.stream("t")
    e = b.event("e")
    with b.thread("one"):
        sim.launch(b, "a", s, 100)
        b.record(e, s)
        b.host_barrier("recorded")
    with b.thread("two"):
        b.host_barrier("recorded")
        b.wait(t, e)
        sim.launch(b, "b", t, 10)
    assert sim.spans(b)["b"] == (100, 110)


def test_ranges_of_the_repeat_of_the_program_and_of_the_host(sim: Any) -> None:
    b = Builder("ranges")
    with b.range("outer", category="phase", color=0xFF112233):
        b.host_work("think", 30)
    trace = sim.run(b)
    found = [(r["name"], r["category"], r["start"], r["end"]) for r in trace.ranges.to_pylist()]
    assert found == [
        ("ranges", "repeat", 0, 30),
        ("outer", "phase", 0, 30),
        ("think", "host_work", 0, 30),
    ]
    assert trace.ranges["color"].to_pylist() == [None, 0xFF112233, None]


def _program(threads: list[HostThread], b: Builder) -> Program:
    """A Program that the builder's checks have not seen."""
    built = b.build()
    return Program("raw", tuple(threads), built.streams, built.events, built.buffers, built.graphs)


def test_waiting_for_an_event_that_nothing_records_is_refused(sim: Any) -> None:
    b = Builder("p")
    s, e = b.stream("s"), b.event("never")
    with pytest.raises(ProgramError, match="event 'never' is waited for, but nothing records it"):
        sim.run(_program([HostThread("main", (StreamWaitEvent(s, e),))], b))


def test_threads_that_wait_for_each_other_for_ever_are_a_deadlock(sim: Any) -> None:
    one = HostThread("one", (HostBarrier("x"), HostBarrier("y")))
    two = HostThread("two", (HostBarrier("y"), HostBarrier("x"), HostWork("w", 1)))
    with pytest.raises(ProgramError, match="deadlock: thread 'one' waits at operation 0"):
        sim.run(_program([one, two], Builder("p")))
