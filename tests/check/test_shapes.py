"""The forms in which a check is told."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.check import Baseline, Checked, Entry, Rules, check
from timeline.check.picture import draw_failures
from timeline.check.shapes import SHAPES
from timeline.trace import Trace

MakePipeline = Callable[..., Trace]
Measure = Callable[..., Entry]

HOSTILE = "a<b>|`x`*%\n::error::\x1b[2J"


@pytest.fixture
def failing(make_pipeline: MakePipeline, entry: Measure) -> list[Checked]:
    before = entry(make_pipeline(kernel_name=HOSTILE))
    now = entry(make_pipeline(kernel_name=HOSTILE, kernel=1.1))
    return check([now], Baseline((before,)), Rules())


@pytest.fixture
def passing(make_pipeline: MakePipeline, entry: Measure) -> list[Checked]:
    return check([entry(make_pipeline())], Baseline((entry(make_pipeline()),)), Rules())


PICTURES = {"step": Path("pictures/step.svg")}


def test_text_names_the_reason_and_the_picture(failing: list[Checked]) -> None:
    text = SHAPES["text"](failing, PICTURES)
    assert "FAILED step (GPU): 3 of" in text
    assert "makespan, device 0 900.0 µs → 980.0 µs (+8.9 %), allowed 'makespan: +3%'" in text
    assert "898.2 µs to 901.8 µs in 5 repeats" in text
    assert "both timelines: pictures/step.svg" in text
    assert "\x1b" not in text
    assert all(line.startswith(("FAILED", "  ")) for line in text.splitlines())


def test_text_of_what_passes_is_a_line(passing: list[Checked]) -> None:
    (line,) = SHAPES["text"](passing, {}).splitlines()
    assert line.startswith("ok step (GPU): ")


def test_json_has_every_figure(failing: list[Checked], passing: list[Checked]) -> None:
    found = json.loads(SHAPES["json"](failing, PICTURES))
    assert found["ok"] is False
    (one,) = found["checks"]
    assert one["picture"] == "pictures/step.svg"
    figures = {figure["figure"]: figure for figure in one["figures"]}
    assert len(figures) == len(failing[0].verdicts)
    assert figures["makespan"]["outcome"] == "failed"
    assert figures["makespan"]["before"]["median"] == 900_000
    assert figures["makespan"]["now"]["count"] == 5
    assert json.loads(SHAPES["json"](passing, {}))["ok"] is True


def test_junit_has_a_case_a_figure(failing: list[Checked]) -> None:
    root = ET.fromstring(SHAPES["junit"](failing, PICTURES))
    (suite,) = root.findall("testsuite")
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.attrib["tests"]) == len(failing[0].verdicts)
    failures = [case for case in cases if case.find("failure") is not None]
    assert len(failures) == int(suite.attrib["failures"]) == 3
    assert {case.attrib["name"] for case in failures} >= {
        "makespan, device 0",
        "busy[SM], device 0",
    }


def test_github_annotations_are_one_line_each(failing: list[Checked]) -> None:
    lines = SHAPES["github"](failing, PICTURES).splitlines()
    errors = [line for line in lines if line.startswith("::error title=step::failed: ")]
    assert len(errors) == 3
    assert [line for line in lines if "::error" in line] == errors
    assert any("%25" in line for line in errors)
    assert lines[-1].startswith("step: ")


def test_markdown_escapes_what_others_wrote(failing: list[Checked]) -> None:
    text = SHAPES["markdown"](failing, PICTURES)
    rows = [line for line in text.splitlines() if line.startswith("| failed")]
    assert len(rows) == 3
    assert all(row.replace("\\|", "").count("|") == 8 for row in rows)
    assert "<b>" not in text.replace("\\<", "")


def test_pictures_are_of_what_failed(
    failing: list[Checked], passing: list[Checked], tmp_path: Path
) -> None:
    assert draw_failures(passing, tmp_path / "none") == {}
    assert not (tmp_path / "none").exists()
    pictures = draw_failures(failing, tmp_path / "some")
    root = ET.parse(pictures["step"]).getroot()
    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"baseline", "now"} <= set(words)
    assert "+8.9%" in words
