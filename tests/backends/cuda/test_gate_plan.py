"""Where the gate opens, from the Program alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from timeline.backends.cuda.gate_plan import plan_gate
from timeline.errors import ProgramError
from timeline.program import Builder, HostBarrier, is_host_paced

N = 1024


def test_an_asynchronous_program_is_gated_to_its_end() -> None:
    b = Builder("async")
    s = b.stream("s")
    d = b.device("d", N)
    b.memset(d, 0, s)
    b.memset(d, 1, s)
    plan = plan_gate(b.build())
    assert (plan.arrivals, plan.paced, plan.queue_full) == ((2,), "gated", False)


def test_a_final_synchronisation_leaves_it_gated() -> None:
    b = Builder("tail")
    s = b.stream("s")
    b.memset(b.device("d", N), 0, s)
    b.stream_synchronize(s)
    b.device_synchronize()
    plan = plan_gate(b.build())
    assert (plan.arrivals, plan.paced) == ((1,), "gated")


def test_work_after_the_host_waited_is_partly_gated() -> None:
    b = Builder("middle")
    s = b.stream("s")
    d = b.device("d", N)
    b.memset(d, 0, s)
    b.host_work("think", 1000)
    b.memset(d, 1, s)
    plan = plan_gate(b.build())
    assert (plan.arrivals, plan.paced) == ((1,), "partly")


@pytest.mark.parametrize("pinned", [True, False])
def test_nothing_is_held_when_the_host_waits_at_once(pinned: bool) -> None:
    b = Builder("first")
    s = b.stream("s")
    host, d = b.host("h", N, pinned=pinned, fill=lambda: np.zeros(N, np.uint8)), b.device("d", N)
    b.memcpy(d, host, s)
    assert plan_gate(b.build()).paced == ("gated" if pinned else "host")


def test_a_copy_from_host_to_host_blocks() -> None:
    b = Builder("htoh")
    s = b.stream("s")
    d = b.device("d", N)
    one, two = b.host("one", N, pinned=True), b.host("two", N, pinned=True)
    b.memset(d, 0, s)
    b.memcpy(one, d, s)
    b.memcpy(two, one, s)
    assert plan_gate(b.build()).arrivals == (2,)


def test_a_full_launch_queue_opens_the_gate() -> None:
    b = Builder("queue")
    one, two = b.stream("one"), b.stream("two")
    for stream in (one, two):
        d = b.device(f"d{stream.id}", N)
        for _ in range(6):
            b.memset(d, 0, stream)
    program = b.build()
    assert plan_gate(program, limit=6).paced == "gated"
    plan = plan_gate(program, limit=5)
    assert (plan.arrivals, plan.paced, plan.queue_full) == ((5,), "partly", True)


def test_a_graph_counts_with_all_its_nodes() -> None:
    b = Builder("graph")
    s = b.stream("s")
    d = b.device("d", N)
    with b.capture("g", s) as captured:
        for _ in range(4):
            b.memset(d, 0, s)
    for _ in range(3):
        b.graph_launch(captured[0], s)
    program = b.build()
    assert plan_gate(program, limit=8).arrivals == (2,)
    assert plan_gate(program, limit=1).arrivals == (1,), "one launch fits an empty queue"


def test_threads_cross_a_barrier_that_all_reach() -> None:
    b = Builder("threads")
    for name in ("one", "two"):
        with b.thread(name):
            s = b.stream(name)
            d = b.device(name, N)
            b.host_barrier("start")
            b.memset(d, 0, s)
            b.stream_synchronize(s)
    plan = plan_gate(b.build())
    assert (plan.arrivals, plan.paced) == ((2, 2), "gated")


def test_a_thread_stops_at_a_barrier_that_a_waiting_thread_never_reaches() -> None:
    b = Builder("stuck")
    one, two = b.stream("one"), b.stream("two")
    a, c = b.device("a", N), b.device("c", N)
    with b.thread("one"):
        b.memset(a, 0, one)
        b.stream_synchronize(one)
        b.host_barrier("met")
    with b.thread("two"):
        b.memset(c, 0, two)
        b.host_barrier("met")
        b.memset(c, 1, two)
    program = b.build()
    plan = plan_gate(program)
    assert (plan.arrivals, plan.paced) == ((1, 1), "partly")
    assert isinstance(program.threads[1].ops[1], HostBarrier)


STEPS = st.lists(st.sampled_from(["memset", "sync", "work", "barrier"]), min_size=0, max_size=8)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.lists(STEPS, min_size=1, max_size=3), st.integers(1, 4))
def test_no_thread_is_asked_to_pass_what_blocks(scripts: list[list[str]], limit: int) -> None:
    b = Builder("any")
    for index, script in enumerate(scripts):
        with b.thread(f"t{index}"):
            stream, buffer = b.stream(f"s{index}"), b.device(f"d{index}", N)
            for step in script:
                _issue(b, step, stream, buffer)
    try:
        program = b.build()
    except ProgramError:  # its threads would wait for each other without any gate
        assume(False)
    plan = plan_gate(program, limit)
    assert len(plan.arrivals) == len(program.threads)
    for thread, stop in zip(program.threads, plan.arrivals, strict=True):
        assert not any(is_host_paced(op) for op in thread.ops[:stop])
        assert sum(not isinstance(op, HostBarrier) for op in thread.ops[:stop]) <= limit
    # Somebody can always go on when the gate opens: not all stand at barriers, unless the Program
    # itself never lets them through.
    passed = [
        sum(isinstance(op, HostBarrier) for op in thread.ops[:stop])
        for thread, stop in zip(program.threads, plan.arrivals, strict=True)
    ]
    users = [t for t in program.threads if any(isinstance(op, HostBarrier) for op in t.ops)]
    if users and len(users) == len(program.threads):
        assert len(set(passed)) == 1


def _issue(b: Builder, step: str, stream: Any, buffer: Any) -> None:
    if step == "memset":
        b.memset(buffer, 0, stream)
    elif step == "sync":
        b.stream_synchronize(stream)
    elif step == "work":
        b.host_work("think", 10)
    else:
        b.host_barrier("b")
