"""``docs/whatif.md``: predictions from recorded baselines beside the recorded variants."""

import runpy
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="module")
def tool() -> Mapping[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "whatif_page.py"))


@pytest.fixture(scope="module")
def rows(tool: Mapping[str, Any]) -> Sequence[Any]:
    return list(tool["rows"](SAMPLES))


def test_predictions_are_near_what_was_measured(
    tool: Mapping[str, Any], rows: Sequence[Any]
) -> None:
    off = {(row.pair.technique, row.pair.after): abs(row.error) for row in rows}
    assert median(off.values()) <= tool["MEDIAN_ERROR"]
    assert not {pair for pair, error in off.items() if error > tool["WORST_ERROR"]}


def test_overlaps_are_near_what_was_measured(tool: Mapping[str, Any], rows: Sequence[Any]) -> None:
    apart = [abs(a - b) for row in rows for a, b in row.overlaps.values()]
    assert median(apart) <= tool["OVERLAP_ERROR"]


def test_a_third_is_held_out(rows: Sequence[Any]) -> None:
    assert 3 * sum(row.pair.held_out for row in rows) >= len(rows)


def test_unchanged_replays_give_the_recordings_back(tool: Mapping[str, Any]) -> None:
    for one in tool["unchanged"](SAMPLES):
        assert abs(one.makespan) <= tool["REPLAY_ERROR"], one.place
        assert one.starts <= tool["REPLAY_ERROR"], one.place


def test_the_page_is_current(tool: Mapping[str, Any]) -> None:
    """Else: ``python tools/whatif_page.py``."""
    assert tool["main"](["--check"]) == 0


def test_a_page_that_is_out_of_date_is_seen(
    tool: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SAMPLES / "pdl", tmp_path / "pdl")
    assert tool["main"]([str(tmp_path), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    text = tool["page"]((ROOT / "docs" / "whatif.md").read_text(), tmp_path)
    assert "pdl: stream_order → pdl" in text
    assert "five_kernels" not in text.partition(tool["BEGIN"])[2].partition(tool["END"])[0]
