"""A device is found again in what it made: simulated recordings of a known device."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.devices import device_text, load_device
from timeline.calibration import (
    Calibration,
    Recording,
    calibrate,
    device_file,
    read_recordings,
    split,
)
from timeline.errors import UsageError
from timeline.program import Program
from timeline.techniques import technique

TECHNIQUES = (
    "host_callback",
    "stream_ordered_alloc",
    "five_kernels",
    "three_way_overlap",
    "p2p_pipeline",
    "event_wait",
)
"""In an order that leaves a recording of every quantity to fit from."""

BASE = load_device("h200")
H2D, D2H = ((4, 2000.0), (1 << 28, 6e6)), ((4, 1500.0), (1 << 28, 5e6))
TRUE = BASE.replace(
    name="Made up",
    gaps={
        "kernel": 1500,
        "to_copy": 4000,
        "from_copy": 6000,
        "copy_copy": 2500,
        "submit": 900,
        "to_host_func": 3000,
        "from_host_func": 7000,
    },
    sm={"flops_per_ns": 600.0, "kernel_ns": 700},
    copy={
        "h2d_duplex": 1.2,
        "d2h_duplex": 1.3,
        "engine_gap_ns": 1900,
        "h2d_ns": H2D,
        "d2h_ns": D2H,
    },
    host={
        "wake_ns": 5000,
        "between_ns": 1234,
        "calls": {**BASE.host.calls, "cuLaunchKernelEx": 5555, "cudaMemcpyAsync": 3333},
        "malloc_ns": ((4096, 2000.0), (1 << 24, 30000.0)),
        "free_ns": ((4096, 2000.0), (1 << 24, 40000.0)),
    },
)


def recordings_of(device: DeviceModel, names: Sequence[str]) -> list[Recording]:
    options = RunOptions(repeat=2, verify=False)
    return [
        Recording(
            f"{name}/{v.name}", SimBackend(device).run(technique(name).program(v.name), options)
        )
        for name in names
        for v in technique(name).variants
    ]


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(recordings_of(TRUE, TECHNIQUES), BASE)


EXACT = {
    "gaps.kernel": 1500,
    "gaps.to_copy": 4000,
    "gaps.from_copy": 6000,
    "gaps.copy_copy": 2500,
    "gaps.submit": 900,
    "gaps.to_host_func": 3000,
    "gaps.from_host_func": 7000,
    "copy.engine_gap_ns": 1900,
    "host.between_ns": 1234,
    "host.wake_ns": 5000,
    "sm.kernel_ns": 700,
    "host.calls.cuLaunchKernelEx": 5555,
    "host.calls.cudaMemcpyAsync": 3333,
}


@pytest.mark.parametrize("place", EXACT)
def test_latencies_and_costs_are_found_exactly(found: Calibration, place: str) -> None:
    assert found.values[place].value == EXACT[place]


@pytest.mark.parametrize(
    ("place", "value"),
    [("sm.flops_per_ns", 600.0), ("copy.h2d_duplex", 1.2), ("copy.d2h_duplex", 1.3)],
)
def test_rates_are_found_within_a_percent(found: Calibration, place: str, value: float) -> None:
    assert found.values[place].value == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize(("place", "curve"), [("copy.h2d_ns", H2D), ("copy.d2h_ns", D2H)])
def test_durations_lie_on_the_curve(
    found: Calibration, place: str, curve: tuple[tuple[float, float], ...]
) -> None:
    (x0, y0), (x1, y1) = curve
    for x, y in found.values[place].value:
        assert y == pytest.approx(y0 + (y1 - y0) * (x - x0) / (x1 - x0), abs=1)


@pytest.mark.parametrize(("place", "ns"), [("host.malloc_ns", 30000), ("host.free_ns", 40000)])
def test_allocations_are_told_from_what_they_wait_for(
    found: Calibration, place: str, ns: float
) -> None:
    assert dict(found.values[place].value)[1 << 24] == pytest.approx(ns, abs=1)


def test_held_out_recordings_are_predicted(found: Calibration) -> None:
    for place in EXACT:
        held_out = found.values[place].held_out
        if held_out is not None:
            assert held_out.median == 0, place
            assert held_out.observations > 0


def test_held_out_recordings_are_not_fitted_from() -> None:
    """With all recordings of one side made by another device, the fit stays with its own side."""
    truth, others = recordings_of(TRUE, TECHNIQUES), recordings_of(BASE, TECHNIQUES)
    used, _ = split(truth)
    names = {each.name for each in used}
    mixed = [t if t.name in names else o for t, o in zip(truth, others, strict=True)]
    found = calibrate(mixed, BASE)
    assert set(found.used) == names
    assert found.values["gaps.to_copy"].value == 4000
    residual = found.values["gaps.to_copy"].held_out
    assert residual is not None
    assert residual.median == pytest.approx(abs(4000 - BASE.gaps.to_copy) / BASE.gaps.to_copy)


def test_the_device_file_predicts_what_the_device_does(found: Calibration, tmp_path: Path) -> None:
    file = tmp_path / "device.toml"
    file.write_text(device_file(found, "h200", device_text("h200")), encoding="utf-8")
    for name in ("five_kernels", "three_way_overlap"):
        program = technique(name).program()
        want, base, fit = (makespan(device, program) for device in (TRUE, BASE, file))
        assert abs(fit - want) < 0.05 * abs(base - want)


def makespan(device: DeviceModel | Path, program: Program) -> int:
    start, end = SimBackend(device).run(program, RunOptions(verify=False)).span
    return end - start


def test_simulated_traces_are_no_recordings(tmp_path: Path) -> None:
    place = recordings_of(BASE, ("event_wait",))[0].trace.save(tmp_path / "trace")
    with pytest.raises(UsageError, match="no recordings to fit a device from"):
        read_recordings([place])
