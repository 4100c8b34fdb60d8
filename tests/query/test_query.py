"""SQL over traces: what it finds, what it refuses, what it can't reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from timeline.errors import UsageError
from timeline.formats import open_trace
from timeline.trace import TABLES, Trace

pytest.importorskip("duckdb")
from timeline.query import Database

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "scripts" / "record_torch"


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.load(SAMPLE)


@pytest.fixture(scope="module")
def database(trace: Trace) -> Iterator[Database]:
    with Database(trace) as opened:
        yield opened


def test_every_table_is_there_with_all_rows(database: Database, trace: Trace) -> None:
    listed = {row["table"]: row for row in database.tables().to_pylist()}
    assert {name: listed[name]["rows"] for name in TABLES} == {
        name: table.num_rows for name, table in trace.tables.items()
    }
    assert listed["activities"]["columns"].split(", ") == TABLES["activities"].names
    assert {"devices", "kernels", "copies"} <= listed.keys()


def test_kernels_know_their_call(database: Database, trace: Trace) -> None:
    rows = database.ask("SELECT * FROM kernels").to_pylist()
    calls = {(r["process"], r["correlation"]): r for r in trace.tables["calls"].to_pylist()}
    kernels = [r for r in trace.activities.to_pylist() if r["kind"] == "kernel"]
    assert len(rows) == len(kernels)
    for row in rows:
        call = calls[row["process"], row["correlation"]]
        assert row["call"] == call["name"]
        assert row["launch_latency"] == row["start"] - call["start"]
        assert row["duration"] == row["end"] - row["start"]


def test_copies_know_their_rate(database: Database) -> None:
    for row in database.ask("SELECT * FROM copies").to_pylist():
        assert row["gb_per_s"] == pytest.approx(row["bytes"] / (row["end"] - row["start"]))


def test_ids_that_two_processes_share_are_kept_apart() -> None:
    from timeline.trace import Meta, table

    work = {"kind": ["kernel"] * 2, "engine": ["SM"] * 2, "start": [5, 6], "end": [9, 9]}
    ids = {"correlation": [1, 1], "process": [10, 11]}
    calls = {"name": ["a", "b"], "start": [1, 2], "end": [2, 3], **ids}
    tables = {"activities": table("activities", work | ids), "calls": table("calls", calls)}
    with Database(Trace.from_tables(Meta("cupti"), tables)) as opened:
        found = opened.ask("SELECT call FROM kernels ORDER BY process")
        assert found["call"].to_pylist() == ["a", "b"]
    calls["process"] = [10, 10]
    tables["calls"] = table("calls", calls)
    with Database(Trace.from_tables(Meta("cupti"), tables)) as opened:
        assert opened.ask("SELECT call FROM kernels")["call"].to_pylist() == [None, None]


def test_files_of_others_are_asked_alike() -> None:
    with Database(open_trace(ROOT / "tests/data/nsys/mock.sqlite")) as opened:
        assert opened.ask("SELECT count(*) AS n FROM activities")["n"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nothing FROM kernels", 'line 1, character 8: .*"nothing" not found'),
        ("SELECT 1,\n  bar FROM kernels", r'line 2, character 3: .*"bar"'),
        (f"SELECT '{'x' * 300}', bar FROM kernels", "character 312: "),
        ("SELEC 1", 'line 1, character 1: syntax error at or near "SELEC"'),
        ("SELECT end - start FROM calls", 'character 8: .* is written "end"'),
        ("SELECT * FROM activites", 'Did you mean "activities"'),
        ("SELECT 1; SELECT 2", "2 statements; give one"),
        ("  ", "0 statements; give one"),
    ],
)
def test_a_wrong_statement_gets_one_line_that_points_at_it(
    database: Database, sql: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        database.ask(sql)
    assert str(caught.value).startswith("SQL: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{file}.out'",
        "ATTACH '{file}.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "EXPORT DATABASE '{file}.folder'",
        "SELECT * FROM secret_of_this_process",
    ],
)
def test_a_query_reaches_nothing_but_the_trace(
    database: Database, sql: str, tmp_path: Path
) -> None:
    secret_of_this_process = open_trace(SAMPLE).activities
    assert secret_of_this_process.num_rows
    file = tmp_path / "file.csv"
    file.write_text("a\n1\n")
    with pytest.raises(UsageError):
        database.ask(sql.replace("{file}", str(file)))
    assert list(tmp_path.iterdir()) == [file]
