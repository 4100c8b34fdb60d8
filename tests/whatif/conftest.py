"""Traces that the tests of replays and fixes share."""

from functools import cache
from pathlib import Path

import pytest

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.techniques import technique
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@cache
def simulate(name: str, variant: str, gate: bool = True) -> Trace:
    """One repeat of a variant on the described H200."""
    options = RunOptions(repeat=1, warmup=0, gate=gate, stamps=True, verify=False)
    return SimBackend("h200").run(technique(name).program(variant), options)


@cache
def load_sample(place: str) -> Trace:
    return Trace.load(SAMPLES / place)


@pytest.fixture
def simulated() -> object:
    return simulate


@pytest.fixture
def sample() -> object:
    return load_sample
