import runpy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from timeline.techniques import technique
from timeline.trace import Trace

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"

Recorded = Callable[[str], Mapping[str, Trace]]


@cache
def load(name: str) -> Mapping[str, Trace]:
    """The recorded traces of a technique, by variant."""
    return {v.name: Trace.load(SAMPLES / name / v.name) for v in technique(name).variants}


@pytest.fixture
def recorded() -> Recorded:
    return load


@pytest.fixture(scope="session")
def simulator_page() -> Mapping[str, Any]:
    """What ``tools/simulator_page.py`` defines."""
    return runpy.run_path(str(ROOT / "tools" / "simulator_page.py"))


@pytest.fixture(scope="session")
def compared(simulator_page: Mapping[str, Any]) -> Mapping[tuple[str, str], Any]:
    """The simulator beside every recorded variant."""
    found = simulator_page["comparisons"](SAMPLES)
    return {(c.sample.technique, c.sample.variant): c for c in found}
