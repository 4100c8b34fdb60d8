"""``timeline whatif``: before and after, the ranking, the predicted trace."""

import json
from pathlib import Path

import pytest

from timeline.cli import main
from timeline.trace import Trace

Captured = pytest.CaptureFixture[str]

SAMPLE = str(Path(__file__).resolve().parents[2] / "samples" / "pinned_vs_pageable" / "pageable")


def test_before_after_and_what_then_bounds_it(capsys: Captured) -> None:
    assert main(["whatif", SAMPLE, "--apply", "pin_copies,named_streams"]) == 0
    said = capsys.readouterr().out
    assert "predicted with pin_copies" in said
    assert "Then bounded by" in said
    assert "named_streams has nothing to change here." in said
    assert "Assumed:" in said


def test_the_ranking(capsys: Captured) -> None:
    assert main(["whatif", SAMPLE, "--all", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fixes"][0]["fixes"] == ["pin_copies"]


def test_the_predicted_trace_is_written(tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "predicted"
    assert main(["whatif", SAMPLE, "--apply", "pin_copies", "-o", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    trace = Trace.load(out)
    assert trace.meta.source == "what-if"
    assert trace.span[1] - trace.span[0] == found["predicted_ns"]
    assert main(["whatif", SAMPLE, "--apply", "pin_copies", "-o", str(out)]) == 2
    assert "exists" in capsys.readouterr().err


def test_values_come_with_the_fix_or_by_set(capsys: Captured) -> None:
    predicted = []
    for arguments in (["faster:H2D:2"], ["faster", "--set", "faster=H2D:2"]):
        assert main(["whatif", SAMPLE, "--json", "--apply", *arguments]) == 0
        predicted.append(json.loads(capsys.readouterr().out)["predicted_ns"])
    assert predicted[0] == predicted[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs a trace"),
        ([SAMPLE, "--apply", "nothing"], "no fix named 'nothing'"),
        ([SAMPLE, "--apply", "pin_copies", "--set", "faster=2"], "does not name faster"),
        ([SAMPLE, "--apply", "faster", "--set", "faster"], "expected FIX=VALUE"),
        ([SAMPLE, "-o", "x"], "go with --apply"),
        ([SAMPLE, "--apply", "pin_copies", "--repeat", "9"], "no repeat 9"),
    ],
)
def test_wrong_use(arguments: list[str], message: str, capsys: Captured) -> None:
    assert main(["whatif", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_fixes_are_listed(capsys: Captured) -> None:
    assert main(["whatif", "--list"]) == 0
    assert "faster:NAME:2" in capsys.readouterr().out
