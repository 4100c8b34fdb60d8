"""``timeline import`` and ``export``, and foreign files given to other commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from timeline.cli import main
from timeline.trace import Trace

DATA = Path(__file__).parents[1] / "data" / "kineto"
FILE = DATA / "event_sync_multi_stream.json.gz"


def test_a_file_becomes_a_trace_and_says_what_it_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(FILE), "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{tmp_path / 'out'}\n"
    assert "Left aside: 50 flow arrows" in printed.err
    assert Trace.load(tmp_path / "out").activities.num_rows == 6


def test_a_folder_becomes_a_folder_of_traces(tmp_path: Path) -> None:
    ranks = tmp_path / "ranks"
    ranks.mkdir()
    for name in ("sampled_rank-0.json.gz", "sampled_rank-1.json.gz"):
        shutil.copy(DATA / name, ranks)
    (ranks / "notes.txt").write_text("no trace")
    assert main(["import", str(ranks), "-o", str(tmp_path / "out")]) == 0
    found = [Trace.load(path).meta.labels["rank"] for path in sorted((tmp_path / "out").iterdir())]
    assert found == [0, 1]


def test_a_damaged_file_leaves_nothing_unless_lenient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(FILE.read_bytes()[:2000])
    out = tmp_path / "out"
    assert main(["import", str(cut), "-o", str(out)]) == 2
    assert "cut.json.gz: byte 2,000: gzip that ends too early" in capsys.readouterr().err
    assert not out.exists()
    assert main(["import", "--lenient", str(cut), "-o", str(out)]) == 0
    assert "Unsound: 1 gzip that ends too early" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--max-rows", "10"], "more than 10 rows"),
        (["--max-bytes", "10"], "bytes, more than 10"),
        (["--max-expanded", "1000"], "expands to more than 1,000 bytes"),
        (["--max-rows", "0"], "must be at least 1"),
    ],
)
def test_limits_are_the_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str], message: str
) -> None:
    assert main(["import", str(FILE), "-o", str(tmp_path / "out"), *option]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_other_commands_open_the_file_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--json", str(FILE)]) == 0
    assert json.loads(capsys.readouterr().out)["devices"][0]["device"] == 0
    assert main(["gantt", str(FILE), "-o", str(tmp_path / "a.svg")]) == 0


def test_export_writes_what_import_reads(tmp_path: Path) -> None:
    out = tmp_path / "a.json.gz"
    assert main(["export", str(FILE), "-o", str(out)]) == 0
    assert main(["export", str(FILE), "-o", str(out)]) == 2
    assert main(["export", str(out), "-o", str(tmp_path / "b"), "--format", "kineto"]) == 0
    assert main(["report", str(tmp_path / "b")]) == 0
