"""What a trace lacks of what was recorded is said by every command, and carried by exports."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from timeline.cli import main
from timeline.formats import open_trace
from timeline.trace import Device, Meta, Trace, table
from timeline.trace.kept import Kept
from timeline.ui.provenance import warnings

Captured = pytest.CaptureFixture[str]

KEPT = Kept(parts=4, until_ns=2_000_000_000, dropped_parts=1, dropped_rows=7)


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A trace that lost nine records, its oldest part, and its end."""
    columns = {
        "kind": ["memcpy", "kernel", "kernel"],
        "name": ["HtoD", "scale", "add"],
        "start": [0, 1_000, 900_000],
        "end": [2_000, 3_000, 901_000],
        "device": [0, 0, 0],
        "stream": [1, 2, 2],
        "engine": ["H2D", "SM", "SM"],
    }
    meta = Meta("cupti", devices=(Device(0, "GPU"),), dropped=9).of(KEPT)
    trace = Trace.from_tables(meta, {"activities": table("activities", columns)})
    return trace.save(tmp_path / "cut")


@pytest.mark.parametrize(
    "words",
    [
        ["report"],
        ["report", "--json"],
        ["report", "--as", "hta"],
        ["report", "OTHER"],
        ["report", "OTHER", "--json"],
        ["findings"],
        ["findings", "--json"],
        ["whatif", "--apply", "pin_copies"],
        ["gantt", "-o", "x.svg"],
        ["query", "SELECT 1"],
        ["export", "-o", "x.json"],
        ["compare", "OTHER"],
    ],
    ids=" ".join,
)
def test_commands_say_it(
    cut: Path, words: list[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cut.parent)
    monkeypatch.setenv("COLUMNS", "300")
    shutil.copytree(cut, "other")
    more = [word.replace("OTHER", "other") for word in words[1:]]
    main([words[0], str(cut), *more])
    said = " ".join("".join(capsys.readouterr()).split())
    assert "9 records were" in said
    assert "did not end: everything up to part 4, written 2.000 s" in said
    assert "the oldest 1 of 4, with 7 rows" in said


@pytest.mark.parametrize("pages", [[], ["OTHER"]], ids=["one trace", "ranks"])
def test_pages_say_it(cut: Path, pages: list[str], tmp_path: Path) -> None:
    shutil.copytree(cut, tmp_path / "other")
    more = [str(tmp_path / "other") for _ in pages]
    assert main(["report", str(cut), *more, "--html", str(tmp_path / "x.html")]) == 0
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "9 records were" in text
    assert "did not end: everything up to part 4" in text


def test_the_dashboard_says_it(cut: Path) -> None:
    said = warnings(Trace.load(cut).meta)
    assert said[0].startswith("9 records were dropped")
    assert list(KEPT.notes()) == said[1:]


@pytest.mark.parametrize("name", ["x.json", "x.perfetto-trace", "x.sqlite"])
def test_exports_carry_it(cut: Path, tmp_path: Path, name: str) -> None:
    assert main(["export", str(cut), "-o", str(tmp_path / name)]) == 0
    back = open_trace(tmp_path / name)
    assert (back.meta.dropped, back.meta.kept) == (9, KEPT)
    assert set(KEPT.notes()) <= set(back.meta.notes)


def test_a_check_fails_for_lost_records(cut: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "good").mkdir()
    Trace.load(cut).replace(dropped=0).save(tmp_path / "good" / "cut")
    baseline = tmp_path / "baseline.json"
    assert main(["baseline", str(tmp_path / "good" / "cut"), "-o", str(baseline)]) == 0
    assert main(["check", str(tmp_path / "good" / "cut"), "--baseline", str(baseline)]) == 0
    capsys.readouterr()
    assert main(["check", str(cut), "--baseline", str(baseline)]) == 1
    assert "dropped" in capsys.readouterr().out
