"""Barriers, one stream, synchronisations: each planted, and on its fixed twin."""

from collections.abc import Callable
from typing import Any

from timeline.findings import diagnose, findings
from timeline.trace import Trace

Codes = Callable[[Trace], list[str]]


def barrier(lab: Any, *, legacy: bool) -> Trace:
    slow, fast = (lab.b.stream(name, blocking=True) for name in ("slow", "fast"))
    stray = lab.b.legacy_stream() if legacy else lab.b.stream("stray")
    with lab.b.range("step"):
        for index in range(3):
            lab.kernel("slow", slow, 400, grid=64)
            lab.kernel("fast", fast, 200, grid=64)
            if not index:
                lab.kernel("stray", stray, 100, grid=64)
    lab.b.device_synchronize()
    trace: Trace = lab.run()
    return trace


def test_a_launch_in_the_legacy_stream(lab: Any, other_lab: Any, codes: Codes) -> None:
    trace = barrier(lab, legacy=True)
    (found,) = findings(trace)
    assert found.code == "legacy-stream-barrier"
    names = trace.names("activities", "name")
    assert {names[trace.column("activities", "name")[row]] for row in found.rows} == {"stray"}
    assert found.sites[0].range == "step"
    assert found.sites[0].call == "cuLaunchKernelEx"
    assert found.span[1] > found.span[0]
    assert found.fix == "named_streams"
    assert codes(barrier(other_lab, legacy=False)) == []


def batches(lab: Any, streams: int) -> Trace:
    lanes = [lab.b.stream(f"s{i}") for i in range(streams)]
    for index in range(8):
        data = lab.copy_in(lanes[index % streams], 4)
        lab.kernel("k", lanes[index % streams], 80, inputs=[data], outputs=[data])
        lab.copy_out(lanes[index % streams], data)
    lab.b.device_synchronize()
    trace: Trace = lab.run()
    return trace


def test_one_stream_for_independent_batches(lab: Any, other_lab: Any, codes: Codes) -> None:
    before, after = batches(lab, 1), batches(other_lab, 3)
    (found,) = findings(before)
    assert found.code == "single-stream"
    saved = length(before) - length(after)
    assert abs(found.cost_ns - saved) < 0.1 * saved
    assert codes(after) == []


def length(trace: Trace) -> int:
    lo, hi = trace.span
    return hi - lo


def test_threads_that_share_a_stream_need_not(lab: Any, other_lab: Any, codes: Codes) -> None:
    def run(lab: Any, per_thread: bool) -> Trace:
        for name in "abc":
            with lab.b.thread(name):
                kind = lab.b.per_thread_stream if per_thread else lab.b.legacy_stream
                for _ in range(3):
                    lab.kernel(name, kind(), 100, grid=64)
                lab.b.stream_synchronize(kind())
        trace: Trace = lab.run()
        return trace

    (found,) = findings(run(lab, per_thread=False))
    assert found.code == "single-stream"
    assert "3 host threads" in found.summary
    assert codes(run(other_lab, per_thread=True)) == []


def test_large_kernels_in_one_stream_are_no_finding(lab: Any, codes: Codes) -> None:
    stream = lab.b.stream("s")
    for _ in range(5):
        lab.kernel("k", stream, 200)
    assert codes(lab.run()) == []


def test_small_kernels_in_one_stream_leave_room(lab: Any) -> None:
    stream = lab.b.stream("s")
    for _ in range(6):
        lab.kernel("k", stream, 200, grid=66)
    (found,) = findings(lab.run())
    assert found.code == "single-stream"
    assert any("need nothing of each other" in text for text in found.assumed)
    assert 0.4 < found.share <= 0.5


def producer(lab: Any, *, event: bool) -> Trace:
    make, use, other = (lab.b.stream(name) for name in ("make", "use", "other"))
    done = lab.b.event("done")
    for _ in range(4):
        lab.kernel("independent", other, 400, grid=64)
        lab.kernel("producer", make, 200, grid=64)
        if event:
            lab.b.record(done, make)
            lab.b.wait(use, done)
        else:
            lab.b.device_synchronize()
        lab.kernel("consumer", use, 200, grid=64)
    lab.b.device_synchronize()
    trace: Trace = lab.run()
    return trace


def test_a_synchronisation_where_an_event_would_do(lab: Any, other_lab: Any, codes: Codes) -> None:
    found = diagnose(producer(lab, event=False), least=0.0).findings
    first = next(one for one in found if one.code == "host-synchronisation")
    assert first.count == 4
    assert first.sites[0].call == "cudaDeviceSynchronize"
    after = diagnose(producer(other_lab, event=True), least=0.0).findings
    assert "host-synchronisation" not in {one.code for one in after}


def test_bringing_results_home_needs_no_event(lab: Any) -> None:
    stream = lab.b.stream("s")
    data = lab.copy_in(stream, 1)
    lab.kernel("k", stream, 300, inputs=[data], outputs=[data])
    lab.b.stream_synchronize(stream)
    lab.copy_out(stream, data)
    lab.b.stream_synchronize(stream)
    found = diagnose(lab.run(), least=0.0).findings
    assert "host-synchronisation" not in {one.code for one in found}
