"""The tools that write pages from the samples."""

import runpy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="module")
def readme() -> Mapping[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "samples_readme.py"))


@pytest.fixture
def some(tmp_path: Path) -> Path:
    """A folder with samples of one technique."""
    shutil.copytree(SAMPLES / "pdl", tmp_path / "pdl")
    return tmp_path


def test_a_page_is_written_and_found_current(readme: Mapping[str, Any], some: Path) -> None:
    assert readme["main"]([str(some), "--check"]) == 1
    assert readme["main"]([str(some)]) == 0
    assert readme["main"]([str(some), "--check"]) == 0
    text = (some / "README.md").read_text(encoding="utf-8")
    assert "| [pdl](pdl/pdl) |" in text
    assert "NVIDIA H200" in text
    assert "| dependent launch |" in text
    assert "## event_wait" not in text


def test_checks_need_every_variant(readme: Mapping[str, Any], some: Path) -> None:
    shutil.rmtree(some / "pdl" / "pdl")
    text = readme["page"](some)
    assert "stream_order" in text
    assert "| dependent launch |" not in text


def test_the_page_of_the_samples_says_that_every_check_holds(readme: Mapping[str, Any]) -> None:
    text = readme["page"](SAMPLES)
    assert "| NO |" not in text
    assert text.count("| yes |") >= 30


def test_a_comparison_table_that_is_out_of_date_is_seen(
    simulator_page: Mapping[str, Any], some: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SAMPLES / "calibration", some / "calibration")
    assert simulator_page["main"]([str(some), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert simulator_page["main"]([str(SAMPLES), "--check"]) == 0


def test_pictures_are_current() -> None:
    """Else: ``python tools/pictures.py``."""
    pictures = runpy.run_path(str(ROOT / "tools" / "pictures.py"))
    assert pictures["outdated"](SAMPLES) == []


def test_the_figures_of_the_readme_are_current() -> None:
    """Else: ``python tools/readme_figures.py``."""
    assert runpy.run_path(str(ROOT / "tools" / "readme_figures.py"))["main"](["--check"]) == 0


def test_the_claims_are_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else: ``python tools/claims_page.py``."""
    tool = runpy.run_path(str(ROOT / "tools" / "claims_page.py"))
    assert tool["main"](["--check"]) == 0
    assert tool["main"]([str(tmp_path), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err


def test_sentences_on_the_recorder_say_what_was_missed() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "readme_figures.py"))
    cost = {"us_added": 0.4, "us_to_stop": 0.2, "us_to_write": 0.3, "us_a_record": 0.6, "lost": 0}
    peer = cost | {"us_to_stop": 8.0, "us_a_record": 60.0}
    costs = {
        "timeline": {"us_a_launch": 1.0, "200000": cost, "1000000": cost},
        "torch.profiler": {"us_a_launch": 3.0, "200000": peer},
        "cupti-python": {"us_a_launch": 3.0, "200000": peer},
    }
    said = " ".join(tool["sentences"](costs))
    assert "the goal of 0.5 µs is **missed**" in said
    assert "the goal of 2 µs is kept" in said
    assert "40 times as long as the recorder takes to have its tables, 16 times" in said
    assert "100 times as much" in said
    assert "Of 1,000,000 kernels, none was lost." in said
