"""Several devices of a process are replayed together: peer copies, events and collectives cross."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from timeline.analysis.windows import makespans_ns
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.program import Builder, Kernel, Program, Work
from timeline.techniques import technique
from timeline.trace import Trace
from timeline.whatif import lift, predict, replay

LAYER = Kernel("layer", "layer.cu", "layer", registers=17)
OPTIONS = RunOptions(repeat=1, warmup=0, stamps=False, verify=False)

VARIANTS = (
    ("p2p_pipeline", "one_after_other"),
    ("p2p_pipeline", "pipelined"),
    ("p2p_pipeline", "copy_stream"),
    ("allreduce_overlap", "after_backward"),
    ("allreduce_overlap", "per_layer"),
)


def simulate(program: Program, device: str = "h100") -> Trace:
    return SimBackend(device).run(program, OPTIONS)


def program(name: str, variant: str, devices: int = 2) -> Program:
    return technique(name).program(variant, devices=devices)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
@pytest.mark.parametrize("devices", [2, 4])
def test_a_simulated_trace_comes_back(name: str, variant: str, devices: int) -> None:
    scenario = lift(simulate(program(name, variant, devices)))
    assert (scenario.work.device, *scenario.work.beside) == tuple(range(devices))
    schedule = replay(scenario)
    np.testing.assert_array_equal(schedule.starts, scenario.work.starts)
    np.testing.assert_array_equal(schedule.ends, scenario.work.ends)
    np.testing.assert_array_equal(schedule.call_ends, scenario.calls.recorded.ends)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_recorded_trace_comes_back(
    sample: Callable[[str], Trace], name: str, variant: str
) -> None:
    trace = sample(f"{name}/{variant}")
    for repeat in range(len(trace.meta.repeats)):
        scenario = lift(trace, repeat=repeat)
        schedule, work = replay(scenario), scenario.work
        assert work.beside == (1,)
        makespan = int(work.ends.max() - work.starts.min())
        assert schedule.makespan_ns == pytest.approx(makespan, rel=0.02)
        away = np.abs(schedule.starts - work.starts)
        assert np.percentile(away, 95) <= 0.02 * makespan


@pytest.mark.parametrize(
    ("name", "before", "after", "devices", "within"),
    [
        ("p2p_pipeline", "pipelined", "copy_stream", 2, 0.05),
        ("p2p_pipeline", "pipelined", "copy_stream", 4, 0.05),
        ("allreduce_overlap", "after_backward", "per_layer", 2, 0.1),
        ("allreduce_overlap", "after_backward", "per_layer", 4, 0.2),
    ],
)
def test_overlapped_communication_predicts_the_simulated_variant(
    name: str, before: str, after: str, devices: int, within: float
) -> None:
    found = predict(simulate(program(name, before, devices)), ["overlap_communication"])
    (measured,) = makespans_ns(simulate(program(name, after, devices)))
    assert found.applied == ("overlap_communication",)
    assert found.devices == tuple(range(devices))
    assert found.predicted_ns == pytest.approx(measured, rel=within)
    assert found.bound_ns <= found.predicted_ns
    assert found.bounded_by.startswith("on GPU ")
    assert makespans_ns(found.trace) == [found.predicted_ns]


@pytest.mark.parametrize("factor", [1.5, 3])
def test_faster_kernels_of_one_device_after_the_other(factor: float) -> None:
    """With one batch at a time all kernels are in line, so what they save adds up."""
    trace = simulate(program("p2p_pipeline", "one_after_other"))
    found = predict(trace, [f"faster:layer*:{factor}"])
    names = np.array([*trace.names("activities", "name"), ""])[trace.column("activities", "name")]
    took = trace.column("activities", "end") - trace.column("activities", "start")
    layers = int(took[np.char.startswith(names, "layer")].sum())
    assert found.gain_ns == pytest.approx(layers * (1 - 1 / factor), rel=0.01)


def test_a_slow_device_holds_the_collectives_of_both() -> None:
    """Kernels of one device take longer: every all-reduce waits for it, on the other one too."""
    trace = simulate(program("allreduce_overlap", "per_layer"))
    scenario = lift(trace)
    late = scenario.on("SM") & (scenario.devices == 1) & (scenario.activities.meets < 0)
    slow = scenario.activities.replace(
        work_ns=np.where(late, 2 * scenario.activities.work_ns, scenario.activities.work_ns)
    )
    schedule = replay(scenario.replace(activities=slow))
    for number in range(int(scenario.activities.meets.max()) + 1):
        parts = np.flatnonzero(scenario.activities.meets == number)
        assert len(parts) == 2
        assert schedule.starts[parts].max() <= schedule.ends[parts].min()
    assert schedule.makespan_ns > 1.5 * replay(scenario).makespan_ns


def test_one_device_can_still_be_replayed_alone() -> None:
    trace = simulate(program("p2p_pipeline", "pipelined"))
    alone = predict(trace, [], device=1)
    assert alone.devices == (1,)
    assert alone.predicted_ns == alone.recorded_ns
    assert alone.recorded_ns < predict(trace, []).recorded_ns


def test_another_device_takes_all_of_them() -> None:
    trace = simulate(program("p2p_pipeline", "pipelined"))
    found = predict(trace, ["other_device:a100:arithmetic"])
    (measured,) = makespans_ns(simulate(program("p2p_pipeline", "pipelined"), "a100"))
    assert found.predicted_ns == pytest.approx(measured, rel=0.1)


MIB = 1 << 20


def batches(*, pinned: bool, streams: int = 1) -> Program:
    """On each of two devices eight batches: a copy in, a kernel and a copy out."""
    b = Builder("batches")
    for device in (0, 1):
        lanes = [b.stream(f"s{device}.{i}", device=device) for i in range(streams)]
        for batch in range(8):
            lane, name = lanes[batch % streams], f"{device}.{batch}"
            there = b.device(f"d{name}", 8 * MIB, device=device)
            b.memcpy(there, b.host(f"in {name}", 8 * MIB, pinned=pinned), lane)
            b.launch(LAYER, lane, grid=1056, block=256, work=Work(flops=4e6), outputs=[there])
            b.memcpy(b.host(f"out {name}", 8 * MIB, pinned=pinned), there, lane)
    for device in (0, 1):
        b.device_synchronize(device)
    return b.build()


@pytest.mark.parametrize(
    ("before", "after", "fixes"),
    [
        ({"pinned": False}, {"pinned": True}, ["pin_copies"]),
        ({"pinned": True}, {"pinned": True, "streams": 4}, ["split_streams:4"]),
        ({"pinned": False}, {"pinned": True, "streams": 4}, ["pin_copies", "split_streams:4"]),
    ],
)
def test_a_fix_applies_on_every_device(
    before: dict[str, Any], after: dict[str, Any], fixes: list[str]
) -> None:
    baseline = simulate(batches(**before))
    found = predict(baseline, fixes)
    (measured,) = makespans_ns(simulate(batches(**after)))
    assert found.applied == tuple(fixes)
    assert found.predicted_ns == pytest.approx(measured, rel=0.1)
    alone = [predict(baseline, fixes, device=device).gain_ns for device in (0, 1)]
    assert found.gain_ns >= 0.8 * max(alone)
