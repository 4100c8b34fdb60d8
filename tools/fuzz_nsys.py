"""Fuzz the importer of Nsight Systems' exports with tables of any content.

    pip install atheris
    python -m tools.fuzz_nsys CORPUS_FOLDER -max_total_time=600

What atheris makes is read as rows of the tables that the importer knows, each with some columns
missing and cells of any type; at last some bytes of the file are changed. ``tools.fuzz_import
nsys_sqlite`` changes bytes of whole files instead.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import atheris

from tools.fuzz_import import check

with atheris.instrument_imports(include=["timeline.formats"]):
    from timeline.formats import by_name
    from timeline.formats.nsys_sqlite import reading
    from timeline.formats.nsys_sqlite.database import quoted
    from timeline.formats.nsys_sqlite.out_schema import TABLES

READER = by_name("nsys_sqlite")
NAMES = sorted(TABLES)
MOST_TABLES, MOST_ROWS, MOST_FLIPS = 5, 6, 4
PROCESS = 1 << 48 | 7 << 24
assert reading


def cell(data: Any) -> object:
    """A value of any of SQLite's types; mostly a number that can be sound."""
    kind = data.ConsumeIntInRange(0, 11)
    if kind < 7:
        return (data.ConsumeIntInRange(0, 90), 1, PROCESS, PROCESS | 9)[min(kind, 3)]
    if kind == 7:
        return data.ConsumeInt(8)
    if kind == 8:
        return None
    if kind == 9:
        return data.ConsumeFloat()
    if kind == 10:
        return data.ConsumeUnicodeNoSurrogates(6)
    return data.ConsumeBytes(6)


def fill(database: sqlite3.Connection, data: Any) -> None:
    """Make some tables, and rows in them."""
    for _ in range(data.ConsumeIntInRange(1, MOST_TABLES)):
        table = data.PickValueInList(NAMES)
        columns = [name for name in TABLES[table] if data.ConsumeProbability() > 0.05]
        if not columns:
            continue
        types = ", ".join(f"{quoted(name)} {TABLES[table][name]}" for name in columns)
        marks = ", ".join("?" * len(columns))
        with suppress(sqlite3.Error):  # a table for the second time; null where that can't be
            database.execute(f"CREATE TABLE {quoted(table)} ({types})")
        for _ in range(data.ConsumeIntInRange(0, MOST_ROWS)):
            with suppress(sqlite3.Error, OverflowError):
                into = f"INSERT INTO {quoted(table)} VALUES ({marks})"
                database.execute(into, [cell(data) for _ in columns])
    database.commit()


def one(content: bytes) -> None:
    """Read a file that is made of ``content``."""
    data = atheris.FuzzedDataProvider(content)
    lenient = data.ConsumeBool()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.sqlite"
        with closing(sqlite3.connect(path)) as database:
            fill(database, data)
        if data.ConsumeBool() and path.stat().st_size:
            raw = bytearray(path.read_bytes())
            for _ in range(data.ConsumeIntInRange(1, MOST_FLIPS)):
                raw[data.ConsumeIntInRange(0, len(raw) - 1)] = data.ConsumeIntInRange(0, 255)
            path.write_bytes(raw)
        check(READER, path, lenient=lenient)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
