"""Allocation, a pool that gives memory back, a host that is late, launches too many."""

from collections.abc import Callable
from typing import Any

from timeline.findings import diagnose, findings
from timeline.trace import Trace

Codes = Callable[[Trace], list[str]]
MIB = 1 << 20


def scratch(lab: Any, *, blocking: bool) -> Trace:
    lanes = [lab.b.stream(f"s{i}") for i in range(2)]
    for index in range(8):
        lane, buffer = lanes[index % 2], lab.b.device(f"scratch {index}", 32 * MIB)
        take, give = (
            (lab.b.malloc, lab.b.free)
            if blocking
            else (
                lambda b, lane=lane: lab.b.malloc_async(b, lane),
                lambda b, lane=lane: lab.b.free_async(b, lane),
            )
        )
        take(buffer)
        lab.kernel("k", lane, 300, grid=64, outputs=[buffer])
        give(buffer)
    lab.b.device_synchronize()
    trace: Trace = lab.run()
    return trace


def test_blocking_allocation(lab: Any, other_lab: Any, codes: Codes) -> None:
    before, after = scratch(lab, blocking=True), scratch(other_lab, blocking=False)
    (found,) = (one for one in findings(before) if one.code == "blocking-allocation")
    assert found.count == 16
    assert {site.call for site in found.sites} == {"cudaMalloc", "cudaFree"}
    assert found.cost_by == "what-if"
    assert "blocking-allocation" not in codes(after)


def rounds(lab: Any, *, keep: bool) -> Trace:
    stream = lab.b.stream("s")
    if keep:
        lab.b.release_threshold(1 << 40)
    for index in range(6):
        buffer = lab.b.device(f"scratch {index}", 64 * MIB)
        lab.b.malloc_async(buffer, stream)
        lab.kernel("k", stream, 60, outputs=[buffer])
        lab.b.free_async(buffer, stream)
        lab.b.stream_synchronize(stream)
    trace: Trace = lab.run(repeat=2)
    return trace


def test_a_pool_that_gives_its_memory_back(lab: Any, other_lab: Any, codes: Codes) -> None:
    (found,) = (one for one in findings(rounds(lab, keep=False)) if one.code == "allocator-churn")
    assert found.count in (5, 6)  # of the first of all it is not known
    assert found.sites[0].call == "cudaMallocAsync"
    assert "allocator-churn" not in codes(rounds(other_lab, keep=True))


def fed(lab: Any, *, ahead: bool) -> Trace:
    stream = lab.b.stream("s")
    done = lab.b.event("done")
    for _ in range(6):
        lab.kernel("k", stream, 100)
        if not ahead:
            lab.b.record(done, stream)
            lab.b.event_synchronize(done)
            lab.b.host_work("prepare", 200_000)
    lab.kernel("k", stream, 100)
    trace: Trace = lab.run()
    return trace


def test_a_late_host(lab: Any, other_lab: Any, codes: Codes) -> None:
    found = {one.code: one for one in findings(fed(lab, ahead=False))}
    late = found["host-bound-gaps"]
    assert 6 * 200_000 <= late.cost_ns < 6 * 240_000
    assert late.cost_by == "idle"
    assert "host-bound-gaps" not in codes(fed(other_lab, ahead=True))


def test_many_short_kernels(lab: Any, other_lab: Any) -> None:
    stream = lab.b.stream("s")
    for _ in range(100):
        lab.kernel("k", stream, 5)
    (found,) = (one for one in diagnose(lab.run()).findings if one.code == "launch-bound")
    assert found.fix == "capture_graph"
    stream = other_lab.b.stream("s")
    with other_lab.b.capture("all", stream) as graphs:
        for _ in range(100):
            other_lab.kernel("k", stream, 5)
    other_lab.b.graph_launch(graphs[0], stream)
    assert "launch-bound" not in {one.code for one in findings(other_lab.run())}
