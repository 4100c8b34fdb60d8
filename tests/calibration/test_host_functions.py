"""Latencies of host functions, read out of simulations that have them."""

from pathlib import Path

import numpy as np
import pytest

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend, load_device
from timeline.calibration.host_functions import observe_host_functions
from timeline.calibration.observations import Observations
from timeline.techniques import technique
from timeline.trace import Trace

H100 = load_device("h100")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def observed(trace: Trace) -> Observations:
    found = Observations()
    observe_host_functions(trace, found)
    return found


@pytest.mark.parametrize(
    ("variant", "told"), [("host_func", ("to", "next", "from")), ("side_stream", ("to", "next"))]
)
def test_the_latencies_of_a_simulation_come_back(variant: str, told: tuple[str, ...]) -> None:
    gaps = {"to_host_func": 90_000, "next_host_func": 25_000, "from_host_func": 15_000}
    program = technique("host_callback").program(variant)
    trace = SimBackend(H100.replace(gaps=gaps)).run(program, RunOptions(repeat=2, verify=False))
    found = observed(trace)
    for name in (f"{each}_host_func" for each in told):
        assert np.median(found.of(f"gaps.{name}")[1]) == gaps[name]


def test_a_recording_tells_waking_up_from_going_on() -> None:
    found = observed(Trace.load(SAMPLES / "host_callback" / "host_func"))
    asleep, awake = (np.median(found.of(f"gaps.{n}_host_func")[1]) for n in ("to", "next"))
    assert 3 * awake < asleep


def test_without_host_functions_nothing_is_told() -> None:
    assert observed(Trace.load(SAMPLES / "five_kernels" / "two_streams")).quantities() == []
