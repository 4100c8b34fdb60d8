"""``timeline findings``."""

import json
from pathlib import Path

import pytest

from timeline.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
BARRIER = str(SAMPLES / "default_stream_barrier" / "stray_legacy")
CLEAN = str(SAMPLES / "default_stream_barrier" / "non_blocking")


def test_a_finding_says_cost_place_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["findings", BARRIER]) == 0
    text = capsys.readouterr().out
    assert text.startswith("legacy-stream-barrier (medium): ")
    assert "at: range 'issue', cuLaunchKernelEx, ker_stray" in text
    assert "do: Launch it into a stream of its own" in text
    assert "see: docs/techniques/default_stream_barrier.md; what-if: named_streams" in text


def test_no_findings_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["findings", CLEAN]) == 0
    assert capsys.readouterr().out == "No findings.\n"


def test_json_has_rows_and_spans_to_jump_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["findings", BARRIER, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["trace"] == BARRIER
    (found,) = said["findings"]
    assert found["code"] == "legacy-stream-barrier"
    assert found["rows"]
    assert found["span"][0] < found["span"][1]


def test_choosing_codes_and_shares(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["findings", BARRIER, "--code", "pageable-copy"]) == 0
    assert capsys.readouterr().out == "No findings.\n"
    assert main(["findings", BARRIER, "--least", "0.5"]) == 0
    assert capsys.readouterr().out == "No findings.\n"
    assert main(["findings", BARRIER, "--window", "0us:900us", "--device", "0"]) == 0
    assert "legacy-stream-barrier" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--code", "pagable-copy"], "did you mean 'pageable-copy'?"),
        (["--least", "-1"], "it must be 0 or more"),
        (["--least", "nan"], "it must be 0 or more"),
        (["--device", "3"], "no activities on device 3"),
    ],
)
def test_what_can_not_be_asked_for(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["findings", BARRIER, *arguments]) == 2
    assert message in capsys.readouterr().err
