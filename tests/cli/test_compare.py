"""``timeline compare``: tables, JSON, pictures."""

import json
from pathlib import Path

import pytest

from timeline.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PINNED = str(SAMPLES / "pinned_vs_pageable" / "pinned")
PAGEABLE = str(SAMPLES / "pinned_vs_pageable" / "pageable")

Captured = pytest.CaptureFixture[str]


def test_two_traces(tmp_path: Path, capsys: Captured) -> None:
    assert main(["compare", PAGEABLE, PINNED, "--pictures", str(tmp_path / "seen")]) == 0
    out = capsys.readouterr().out
    assert "pinned_vs_pageable/pageable → pinned_vs_pageable/pinned" in out
    assert "makespan, device 0" in out
    assert "-87.5 %" in out
    assert "finding gone: pageable-copy" in out
    picture = (tmp_path / "seen" / "pinned_vs_pageable-pinned.svg").read_text()
    assert ">before<" in picture
    assert ">now<" in picture


def test_two_folders(capsys: Captured) -> None:
    folder = str(SAMPLES / "pinned_vs_pageable")
    assert main(["compare", folder, folder, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    names = ["pinned_vs_pageable/pageable", "pinned_vs_pageable/pinned"]
    assert [one["now"]["name"] for one in found] == names
    assert not any(row["differs"] for one in found for row in one["kernels"])


def test_what_has_no_counterpart_is_said(capsys: Captured) -> None:
    arguments = ["compare", str(SAMPLES / "pdl"), str(SAMPLES / "event_wait")]
    assert main(arguments) == 2
    assert "no trace has the same name on both sides" in capsys.readouterr().err
