import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from timeline.claims import Entry, Recordings, claim, ledger
from timeline.trace import Trace

PROBES = Path(__file__).resolve().parents[2] / "samples" / "calibration" / "h200_semantics.json"

Judge = Callable[..., Entry]


@pytest.fixture(scope="session")
def measured() -> Any:
    """Probes of a real device."""
    return json.loads(PROBES.read_text(encoding="utf-8"))


@pytest.fixture
def probes(measured: Any) -> Any:
    """The same, to be changed."""
    return copy.deepcopy(measured)


@pytest.fixture
def judge() -> Judge:
    """Judge one claim by traces (by technique and variant) and probes (by file)."""

    def entry(
        number: int,
        traces: dict[str, dict[str, Trace]] | None = None,
        probes: dict[str, Any] | None = None,
    ) -> Entry:
        (found,) = ledger([claim(number)], Recordings(traces or {}, probes))
        return found

    return entry
