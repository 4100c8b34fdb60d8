"""Dependent launches, blocks too few, priorities, cooperative launches, shared bandwidth."""

from collections.abc import Callable
from typing import Any

from timeline.findings import diagnose, findings
from timeline.trace import Trace

Codes = Callable[[Trace], list[str]]


def pairs(lab: Any, *, pdl: bool, event: bool = False) -> Trace:
    stream, timer = lab.b.stream("s"), lab.b.event("timer", timing=True)
    for _ in range(8):
        lab.kernel("primary", stream, 10, trigger_ns=5_000)
        if event:
            lab.b.record(timer, stream)
        lab.kernel("secondary", stream, 10, prologue_ns=4_000, pdl=pdl)
    lab.b.stream_synchronize(stream)
    trace: Trace = lab.run()
    return trace


def test_missed_pdl(lab: Any, other_lab: Any) -> None:
    found = {one.code: one for one in findings(pairs(lab, pdl=False))}
    assert found["missed-pdl"].fix == "enable_pdl"
    after = {one.code: one for one in diagnose(pairs(other_lab, pdl=True), least=0.0).findings}
    assert "missed-pdl" not in after or after["missed-pdl"].count < found["missed-pdl"].count


def test_an_event_between_pdl_kernels(lab: Any, other_lab: Any, codes: Codes) -> None:
    (found,) = (
        one for one in findings(pairs(lab, pdl=True, event=True)) if one.code == "event-between-pdl"
    )
    assert found.count == 8
    assert "event-between-pdl" not in codes(pairs(other_lab, pdl=True))


def test_kernels_of_few_blocks(lab: Any, other_lab: Any, codes: Codes) -> None:
    stream = lab.b.stream("s")
    lab.kernel("one block", stream, 500, grid=1)
    (found,) = findings(lab.run())
    assert found.code == "small-kernels"
    assert found.share > 0.9
    other_lab.kernel("full", other_lab.b.stream("s"), 500)
    assert codes(other_lab.run()) == []


def urgent(lab: Any, priority: int) -> Trace:
    large, small = lab.b.stream("large"), lab.b.stream("small", priority=priority)
    for index in range(3):
        ready = lab.b.event(f"ready {index}")
        lab.kernel("before", small, 30, grid=132)
        lab.b.record(ready, small)
        lab.b.wait(large, ready)
        lab.kernel("large", large, 50, grid=8 * 132 * 8)
        lab.kernel("between", small, 40, grid=8)
        lab.kernel("urgent", small, 20, grid=8)
    trace: Trace = lab.run()
    return trace


def test_a_priority_inversion(lab: Any, other_lab: Any) -> None:
    found = {one.code: one for one in findings(urgent(lab, 0))}
    inverted = found["stream-priority-inversion"]
    assert inverted.cost_by == "waits"
    assert inverted.count == 3
    after = {one.code for one in findings(urgent(other_lab, -5))}
    assert "stream-priority-inversion" not in after


def cooperative(lab: Any, **switches: Any) -> Trace:
    for name in ("a", "b", "c"):
        stream = lab.b.stream(name)
        for _ in range(2):
            lab.kernel(name, stream, 200, grid=132, cooperative=True)
    trace: Trace = lab.run(**switches)
    return trace


def test_cooperative_launches_one_at_a_time(lab: Any, other_lab: Any, codes: Codes) -> None:
    exclusive = cooperative(lab, semantics={"cooperative_exclusive": True})
    found = {one.code: one for one in findings(exclusive)}
    serial = found["serial-cooperative"]
    assert abs(serial.share - 2 / 3) < 0.05
    assert "serial-cooperative" not in codes(cooperative(other_lab))


def streaming(lab: Any, bytes_a_block: float) -> Trace:
    """Once alone, then two of the same at once."""
    first, second = lab.b.stream("first"), lab.b.stream("second")
    alone = lab.b.event("alone")
    work = {"grid": 132 * 4, "dram_bytes": bytes_a_block}
    lab.kernel("stream", first, 1, **work)
    lab.b.record(alone, first)
    lab.b.wait(second, alone)
    lab.kernel("stream", first, 1, **work)
    lab.kernel("stream", second, 1, **work)
    trace: Trace = lab.run()
    return trace


def test_saturated_bandwidth(lab: Any) -> None:
    found = {one.code: one for one in findings(streaming(lab, 4e6))}
    saturated = found["saturated-bandwidth"]
    assert saturated.count == 2
    assert saturated.advice.startswith("More streams won't help")


def test_kernels_that_share_without_loss(lab: Any, codes: Codes) -> None:
    first, second = lab.b.stream("first"), lab.b.stream("second")
    alone = lab.b.event("alone")
    lab.kernel("spin", first, 200, grid=132)
    lab.b.record(alone, first)
    lab.b.wait(second, alone)
    lab.kernel("spin", first, 200, grid=132)
    lab.kernel("spin", second, 200, grid=132)
    assert "saturated-bandwidth" not in codes(lab.run())
