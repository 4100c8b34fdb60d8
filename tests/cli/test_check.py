"""``timeline baseline`` and ``timeline check``: from files to exit codes."""

import json
import shutil
from pathlib import Path

import pytest

from timeline.cli import main
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PINNED = str(SAMPLES / "pinned_vs_pageable" / "pinned")
PAGEABLE = str(SAMPLES / "pinned_vs_pageable" / "pageable")

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of any project, whose settings would count."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def slower(tmp_path: Path) -> str:
    """The pageable recording under the labels of the pinned one."""
    labels = Trace.load(PINNED).meta.labels
    return str(Trace.load(PAGEABLE).replace(labels=labels).save(tmp_path / "slower"))


@pytest.fixture
def overlap() -> Path:
    assert main(["baseline", PINNED]) == 0
    return Path("overlap.json")


def test_the_same_trace_passes(overlap: Path, capsys: Captured) -> None:
    assert main(["check", PINNED]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("ok pinned_vs_pageable/pinned (NVIDIA H200)")
    assert not Path("timeline-check").exists()


def test_a_regression_fails_with_a_picture(overlap: Path, slower: str, capsys: Captured) -> None:
    assert main(["check", slower, "--baseline", str(overlap), "--pictures", "seen"]) == 1
    out = capsys.readouterr().out
    assert "failed: makespan, device 0 3.287 ms → 26.24 ms" in out
    assert "failed: pageable_copies, device 0 0 → 16" in out
    assert "seen/pinned_vs_pageable-pinned.svg" in out
    assert Path("seen/pinned_vs_pageable-pinned.svg").read_text().startswith("<svg")


@pytest.mark.parametrize("form", ["text", "json", "junit", "github", "markdown"])
def test_every_form_goes_to_a_file(form: str, overlap: Path, slower: str) -> None:
    assert main(["check", slower, "--format", form, "-o", "out.txt"]) == 1
    assert "makespan" in Path("out.txt").read_text()


def test_update_rewrites_and_says_what_changed(
    overlap: Path, slower: str, capsys: Captured
) -> None:
    assert main(["check", slower, PAGEABLE, "--update"]) == 0
    out = capsys.readouterr().out
    assert "makespan, device 0 3.287 ms → 26.24 ms (+698.5 %)" in out
    assert "pinned_vs_pageable/pageable: new" in out
    assert main(["check", slower, PAGEABLE]) == 0
    assert main(["check", PINNED]) == 0
    assert "better: makespan" in capsys.readouterr().out


def test_findings_are_counted_on_request(overlap: Path, slower: str, capsys: Captured) -> None:
    assert main(["check", PINNED, "--threshold", "findings == 0"]) == 0
    assert main(["check", slower, "--threshold", "findings == 0"]) == 1
    out = capsys.readouterr().out
    assert "findings[pageable-copy], device 0 is 1, must be 'findings == 0'" in out


def test_settings_of_the_project_count(overlap: Path, capsys: Captured) -> None:
    shutil.move(overlap, "kept.json")
    settings = '[tool.timeline.check]\nbaseline = "kept.json"\nthresholds = ["streams >= 9"]\n'
    Path("pyproject.toml").write_text(settings)
    assert main(["check", PINNED]) == 1
    assert "streams, device 0 is 4, must be 'streams >= 9'" in capsys.readouterr().out
    Path("lax.toml").write_text("thresholds = []")
    arguments = ["check", PINNED, "--config", "lax.toml", "--baseline", "kept.json"]
    assert main([*arguments, "--threshold", "streams >= 4"]) == 0


def test_ranges_and_windows(capsys: Captured) -> None:
    scopes = ["--range", "batch 1", "--window", "0us:500us"]
    assert main(["baseline", PINNED, *scopes]) == 0
    assert main(["check", PINNED, *scopes, "--format", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["checks"]
    assert {f["scope"] for f in one["figures"]} == {"whole", "range batch 1", "window 0us:500us"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--threshold", "makespan: +3&"], "character 13, at '&'"),
        (["--threshold", "busy[P2P]: +3%"], "no such figure"),
        (["--range", "batch 99"], "no NVTX range 'batch 99'"),
        (["--range", "batch 1"], "has nothing of range batch 1"),
        (["--window", "5"], "window 5: expected START:END"),
        (["--window", "1s:2s"], "window 1s:2s: holds nothing"),
        (["--window", "0s:1ms"], "has nothing of window 0s:1ms"),
        (["--baseline", "none.json"], "make one with timeline baseline"),
        (["--config", "none.toml"], "No such file"),
        ([PAGEABLE], "no entry of the baseline named 'pinned_vs_pageable/pageable'"),
        (["nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_a_line_and_leaves_the_baseline(
    arguments: list[str], words: str, overlap: Path, capsys: Captured
) -> None:
    content = overlap.read_bytes()
    capsys.readouterr()
    assert main(["check", PINNED, *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert overlap.read_bytes() == content


def test_an_update_that_fails_leaves_the_baseline(overlap: Path, capsys: Captured) -> None:
    content = overlap.read_bytes()
    assert main(["check", PAGEABLE, "--range", "none", "--update"]) == 2
    assert overlap.read_bytes() == content


def test_a_baseline_is_not_overwritten_by_accident(overlap: Path, capsys: Captured) -> None:
    assert main(["baseline", PAGEABLE]) == 2
    assert "add --overwrite" in capsys.readouterr().err
    assert main(["baseline", PAGEABLE, "--overwrite"]) == 0
    assert main(["check", PAGEABLE]) == 0


def test_traces_of_no_technique_go_by_their_names(tmp_path: Path, capsys: Captured) -> None:
    for name in ("monday", "tuesday"):
        shutil.copytree(SAMPLES / "scripts" / "record_torch", tmp_path / name)
    assert main(["baseline", "monday"]) == 0
    assert main(["check", "tuesday"]) == 2
    assert "no entry of the baseline named 'tuesday'" in capsys.readouterr().err
    assert main(["baseline", "monday", "--name", "training", "--overwrite"]) == 0
    assert main(["check", "tuesday", "--name", "training"]) == 0
