"""The tables of ``docs/formats.md`` are those of the results that lie beside the benchmarks."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

TOOL = Path(__file__).parents[1] / "tools" / "formats_page.py"


def tool() -> dict[str, Any]:
    return runpy.run_path(str(TOOL))


def test_the_page_is_current() -> None:
    """Else: ``python tools/formats_page.py``."""
    assert tool()["main"](["--check"]) == 0


def test_cost_of_a_row_and_what_is_only_written() -> None:
    run = {"cpu_s": 2.0, "peak_mb": 1234.5}
    found = {"form": "CSV", "activities": 500_000, "rows": 1_000_000, "bytes": 4_000_000}
    text = tool()["forms"]({"results": [{**found, "write": run, "read": None}]})
    assert text.splitlines()[-1] == (
        "| CSV | 500,000 | 4 | 2.00 | 2 | 2.00 | 1,234 | – | – | – | – |"
    )


def test_a_peer_that_failed_and_one_that_took_twice_as_long() -> None:
    rows = [
        {"tool": "timeline", "cpu_s": 2.0, "peak_mb": 600, "equal": True, "because": ""},
        {"tool": "other", "cpu_s": 4.0, "peak_mb": None, "equal": False, "because": "rounds"},
        {"tool": "broken", "failed": True},
    ]
    lines = tool()["peers"]({"nsys": rows}).splitlines()
    assert lines[-2:] == [
        "| nsys | other | 4.00 | 2.0 | – | no | rounds |",
        "| nsys | broken | failed | – | – | – | – |",
    ]
