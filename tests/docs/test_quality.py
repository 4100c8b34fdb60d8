"""The page of quality says what was measured."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "quality_page.py"))


def test_it_is_current(page: dict[str, Any]) -> None:
    """Else: ``python tools/quality_page.py``."""
    assert (ROOT / "docs" / "quality.md").read_text(encoding="utf-8") == page["page"](RESULTS)


def test_a_survivor_is_equivalent_for_a_reason_or_a_gap(
    page: dict[str, Any], tmp_path: Path
) -> None:
    left = [
        {"file": "a/b.py", "from": "x | y", "to": "x & y", "is": "survived", "why": ""},
        {"file": "a/b.py", "from": "1", "to": "2", "is": "survived", "why": "trimmed below"},
    ]
    part = {"part": "it", "files": ["a"], "mutants": 9, "tried": 8, "killed": 6, "equivalent": 1}
    told = {"seed": 8, "parts": [{**part, "left": left}]}
    (tmp_path / "mutants.json").write_text(json.dumps(told))
    text = page["page"](tmp_path)
    assert "| it | 9 | 8 | 6 | 1 | 1 | 85.7 % |" in text
    assert r"| `b.py` | `x \| y` | `x & y` | **gap** |" in text
    assert "| `b.py` | `1` | `2` | equivalent: trimmed below |" in text


def test_every_part_takes_most_branches() -> None:
    """Else: ``make coverage`` says what is missing."""
    found = json.loads((RESULTS / "coverage.json").read_text(encoding="utf-8"))
    assert all(one["taken"] >= 0.9 * one["branches"] for one in found["parts"].values())
