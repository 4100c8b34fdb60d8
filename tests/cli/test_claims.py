"""``timeline claims``."""

import json
from pathlib import Path

import pytest

from timeline.cli import main


def test_the_table_has_every_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims"]) == 0
    out = capsys.readouterr().out
    assert "Pageable copies block" in out
    assert "22 claims" in out


def test_one_claim_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "18"]) == 0
    out = capsys.readouterr().out
    assert "Verdict: holds with a condition" in out
    assert "pdl/stream_order" in out
    assert "NVIDIA H200" in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "9", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in found] == [9, 1]
    assert found[0]["verdict"] == "holds"


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("# The chapter's claims")


def test_recordings_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--samples", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["verdict"] for row in rows} == {"not measured yet"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["23"], "no claim named '23'"),
        (["one"], "invalid int value"),
        (["--json", "--markdown"], "not allowed with"),
        (["--samples", "no/such/place"], "no such folder"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", *arguments]) == 2
    assert words in capsys.readouterr().err
