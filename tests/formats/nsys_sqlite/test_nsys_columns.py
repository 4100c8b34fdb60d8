"""Integers decoded from pages are those that SQLite reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.btree import Pages
from timeline.formats.nsys_sqlite.database import Database
from timeline.formats.nsys_sqlite.records import integers
from timeline.formats.nsys_sqlite.rows import Rows, Tables

INTEGERS = st.one_of(
    st.none(),
    st.integers(0, 1),
    st.integers(-(2**63), 2**63 - 1),
    *(st.integers(-(2**bits), 2**bits - 1) for bits in (7, 15, 23, 31, 47)),
)
VALUES = st.one_of(INTEGERS, st.floats(allow_nan=False), st.text(max_size=80), st.binary())


def shown(rows: Rows, name: str) -> list[Any]:
    """Values with None for null, and ``...`` for what is no integer."""
    other = rows.other(name)
    flags = np.zeros(len(rows), np.bool_) if other is None else other
    columns = zip(rows[name].tolist(), rows.null(name).tolist(), flags.tolist(), strict=True)
    return [None if null else ... if wrong else value for value, null, wrong in columns]


def by_sqlite(path: Path, table: str, name: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        database.text_factory = bytes
        found = database.execute(f"SELECT {name} FROM {table}").fetchall()
    return [value if isinstance(value, int | None) else ... for (value,) in found]


def check(path: Path, table: str, *names: str) -> None:
    with Database(Intake(path)) as database:
        rows = Tables(database, Intake(path)).integers(table, names)
    for name in names:
        assert shown(rows, name) == by_sqlite(path, table, name)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(INTEGERS, VALUES, VALUES, INTEGERS), max_size=60),
    page=st.sampled_from([512, 1024, 4096, 65536]),
    gaps=st.booleans(),
)
def test_any_rows_are_read_as_sqlite_reads_them(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]], page: int, gaps: bool
) -> None:
    path = tmp_path_factory.mktemp("columns") / "any.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA page_size = {page}")
        database.execute("CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER, d INTEGER)")
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
        if gaps:
            database.execute("DELETE FROM t WHERE rowid % 3 = 1")
        database.commit()
    check(path, "t", "a", "d", "b")


def made(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


MANY = (
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000)"
    " SELECT i, i * 1000003, CASE WHEN i % 7 THEN -i END FROM n"
)


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)", MANY),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c INTEGER)", MANY),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c INTEGER) WITHOUT ROWID", MANY),
        ("CREATE TABLE t (a INTEGER, b INTEGER)", "INSERT INTO t VALUES (1, 2)",
         "ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 9", MANY),
        ("PRAGMA auto_vacuum = FULL", "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)", MANY),
        ("PRAGMA encoding = 'UTF-16'", "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)", MANY),
        ("CREATE TABLE t (a BIGINT, b INT, c NUMERIC)", MANY),
        ("CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER AS (a + b))",
         "INSERT INTO t (a, b) VALUES (1, 2)"),
        ("CREATE TABLE t (x TEXT, a INTEGER, b INTEGER, c INTEGER)",
         "INSERT INTO t VALUES (hex(zeroblob(9000)), 1, 2, 3)",
         "INSERT INTO t VALUES (hex(zeroblob(70)), 4, NULL, 6)"),
        ("CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)", "CREATE INDEX i ON t (a DESC, b, c)",
         MANY),
    ],
    ids=["plain", "key", "without_rowid", "added", "vacuum", "utf16", "numeric", "generated",
         "overflow", "indexed"],
)  # fmt: skip
def test_unusual_tables_are_read_too(tmp_path: Path, statements: tuple[str, ...]) -> None:
    check(made(tmp_path / "unusual.sqlite", *statements), "t", "a", "b", "c")


def test_ordinary_tables_take_the_fast_way(tmp_path: Path) -> None:
    """So that the oracle above compares two readers, not SQLite with itself."""
    create = "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)"
    path = made(tmp_path / "plain.sqlite", create, MANY)
    with Database(Intake(path)) as database:
        root = database.tables["t"].root
    (found,) = integers(Pages(path), root, 3, [1])
    assert found.values.tolist() == [i * 1000003 for i in range(1, 30001)]


def test_a_column_of_one_number_takes_no_memory(tmp_path: Path) -> None:
    create = "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)"
    many = MANY.replace("i * 1000003", "77")
    path = made(tmp_path / "same.sqlite", create, many)
    with Database(Intake(path)) as database:
        values = Tables(database, Intake(path)).integers("t", ["b"])["b"]
    assert values.strides == (0,)
    assert values.tolist() == [77] * 30000


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_pages_end_in_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    create = "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)"
    path = made(folder / "x.sqlite", "PRAGMA page_size = 512", create, MANY.replace("30000", "300"))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(100, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(100, len(content)))
    path.write_bytes(content[:cut])
    with suppress(TraceError), Database(Intake(path)) as database:
        tables = Tables(database, Intake(path))
        if "t" in tables:
            rows = tables.integers("t", ["a", "b", "c"])
            assert len(rows) <= len(content)
