"""The fuzzer itself: its inputs can be made again, and it sees what breaks."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from timeline.formats import ImportOptions
from timeline.trace import Trace
from tools import fuzz_mutations
from tools.fuzzing.targets import check, targets
from tools.fuzzing.workers import KINDS, make


def test_every_form_has_sound_seeds_that_are_read(tmp_path: Path) -> None:
    for target in targets(tmp_path):
        for number, seed in enumerate(getattr(target, "_seeds", ())):
            path = tmp_path / f"{target.name}-{number}"
            path.write_bytes(seed.content)
            assert check(target, path, lenient=False), path


def content(path: Path) -> dict[str, bytes]:
    files = (each for each in (path, *path.rglob("*")) if each.is_file())
    return {str(each.relative_to(path)): each.read_bytes() for each in files}


def test_an_input_belongs_to_its_number(tmp_path: Path) -> None:
    found = targets(tmp_path)
    for number in range(60):
        paths = []
        for attempt in ("first", "second"):
            folder = tmp_path / f"{number}-{attempt}"
            folder.mkdir()
            paths.append(make(found, 5, number, folder)[1])
        members = [
            {
                str(p.relative_to(path)): p.read_bytes()
                for p in (path, *path.rglob("*"))
                if p.is_file()
            }
            for path in paths
        ]
        assert members[0] == members[1], number


def test_nothing_breaks(tmp_path: Path) -> None:
    options = ["--inputs", "600", "--processes", "2", "--finds", str(tmp_path / "finds")]
    assert fuzz_mutations.main(options) == 0
    assert not list((tmp_path / "finds").iterdir())


class Broken:
    """An importer with every fault; what it does is in the file."""

    name, turns = "broken", 1

    def place(self, folder: Path, rng: Random) -> Path:
        path = folder / "input"
        path.write_text(rng.choice(("", "raise", "crash", "hang", "memory")))
        return path

    def read(self, path: Path, options: ImportOptions) -> Trace:
        kind = path.read_text()
        if kind == "raise":
            raise KeyError(kind)
        if kind == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "memory":
            bytearray(2 << 30)
        while kind == "hang":
            time.process_time()
        return Trace.load(Path(__file__).parents[2] / "samples" / "pdl" / "pdl")


def test_every_fault_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result: dict[str, Any] = {}
    monkeypatch.setattr(fuzz_mutations, "targets", lambda scratch: [Broken()])
    monkeypatch.setattr(fuzz_mutations, "_warm", lambda found, scratch: None)
    monkeypatch.setattr("tools.fuzzing.workers.HANG_CPU_S", 0.2)
    monkeypatch.setattr(fuzz_mutations, "RESULTS", tmp_path / "fuzz.json")
    options = ["--inputs", "7", "--seed", "25", "--processes", "1", "--write"]
    options += ["--finds", str(tmp_path / "finds")]
    assert fuzz_mutations.main(options) == 1
    result = json.loads((tmp_path / "fuzz.json").read_text())
    (row,) = result["importers"]
    assert row["inputs"] == 7 == row["trace"] + sum(row[kind] for kind in KINDS)
    assert all(row[kind] for kind in KINDS), row
    assert result["finds"] == 7 - row["trace"]
    kept = [path for path in (tmp_path / "finds").iterdir() if path.suffix != ".txt"]
    assert {path.read_text() for path in kept} == {"raise", "crash", "hang", "memory"}
    assert "7 inputs" in capsys.readouterr().out
