"""``timeline query``: tables, JSON, CSV and files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from timeline.cli import main

pytest.importorskip("duckdb")

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "samples" / "scripts" / "record_torch")
FILE = str(ROOT / "tests" / "data" / "kineto" / "event_sync_multi_stream.json.gz")
SUMS = "SELECT copy_kind, sum(bytes) AS bytes, 1.5 AS x FROM copies GROUP BY 1 ORDER BY 1"


def test_a_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", SAMPLE, SUMS]) == 0
    printed = capsys.readouterr().out
    assert "copy_kind" in printed
    assert "285,233,152" in printed


def test_long_tables_are_cut_and_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", SAMPLE, "SELECT start FROM kernels", "--rows", "3"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.strip().splitlines()) == 5
    assert "more rows" in printed.err


def test_json_and_csv_hold_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT name, grid, pdl, duration FROM kernels LIMIT 3"
    assert main(["query", FILE, sql, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3
    assert main(["query", FILE, sql, "--csv"]) == 0
    found = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in found] == [row["name"] for row in rows]
    assert [json.loads(row["grid"]) for row in found] == [row["grid"] for row in rows]
    assert {row["pdl"] for row in found} == {""}
    assert main(["query", SAMPLE, SUMS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[2]["bytes"] == 285233152
    assert main(["query", FILE, "SELECT 1 AS a WHERE false", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.json"])
def test_files_appear_whole(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    assert main(["query", SAMPLE, SUMS, "-o", str(out)]) == 0
    if name == "a.parquet":
        assert pq.read_table(out)["copy_kind"].to_pylist() == ["DtoD", "DtoH", "HtoD"]
    else:
        assert "HtoD" in out.read_text()
    assert main(["query", SAMPLE, SUMS, "-o", str(out)]) == 2
    assert main(["query", SAMPLE, SUMS, "-o", str(out), "--overwrite"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_statements_come_from_stdin_and_tables_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 42 AS answer"))
    assert main(["query", SAMPLE, "-", "--csv"]) == 0
    assert capsys.readouterr().out == "answer\n42\n"
    assert main(["query", SAMPLE]) == 0
    assert "activities" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["SELECT x FROM calls"], "timeline: error: SQL: line 1, character 8: "),
        (["SELECT 1", "-o", "a.txt"], "must end in .parquet"),
        (["SELECT 1", "--rows", "0"], "must be at least 1"),
        (["SELECT 1", "--json", "--csv"], "not allowed with"),
    ],
)
def test_wrong_usage_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["query", SAMPLE, *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
