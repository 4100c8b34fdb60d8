"""Files that are broken, or made to do harm: one line, or what is sound of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.formats import ImportOptions, Intake, Limits, open_trace, read_foreign
from timeline.formats.nsys_sqlite.database import Database

Export = Callable[..., Path]

K = "CUPTI_ACTIVITY_KIND_"
LENIENT = ImportOptions(lenient=True)


def message(path: Path, options: ImportOptions | None = None) -> str:
    with pytest.raises(TraceError) as caught:
        read_foreign(path, options)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"end": 4}, "rows that end before they start"),
        ({"start": "soon"}, "rows without an integer in 'start'"),
        ({"end": 2.5}, "rows without an integer in 'end'"),
        ({"end": None}, "rows without a 'end'"),
        ({"streamId": b"x"}, "rows without an integer in 'streamId'"),
        ({"end": 2**60}, "rows with a time out of range"),
        ({"deviceId": 2**40}, "rows with a number out of range in 'deviceId'"),
        ({"gridX": -(2**31) - 1}, "rows with a number out of range in 'gridX'"),
    ],
)
def test_an_unsound_row_is_named_or_left_out(
    export: Export, nsys: SimpleNamespace, row: dict[str, Any], what: str
) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(5, 6), nsys.kernel(5, 6, **row)]})
    text = message(path)
    assert f"table {K}KERNEL, row 2: {what}" in text
    assert "--lenient" in text
    trace = open_trace(path, LENIENT)
    assert trace.activities["start"].to_pylist() == [5]
    expected = f"Unsound: 1 {what} in {K}KERNEL (first at table {K}KERNEL, row 2)."
    assert trace.meta.notes == (expected,)


def test_a_table_without_its_columns(export: Export, nsys: SimpleNamespace) -> None:
    path = export({f"{K}KERNEL": [{"end": 5, "deviceId": 0}]}, drop=("start",))
    assert "has no column 'start'" in message(path)


def test_a_view_in_the_place_of_a_table_is_not_read(export: Export, nsys: SimpleNamespace) -> None:
    endless = (
        f"CREATE VIEW {K}KERNEL AS WITH RECURSIVE n(i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS start, i AS end FROM n;"
    )
    path = export({f"{K}RUNTIME": [nsys.call(1, 2, 1)]}, script=endless)
    trace = open_trace(path)
    assert trace.activities.num_rows == 0
    assert trace.tables["calls"].num_rows == 1
    assert f"{K}KERNEL was not read: it is a view or virtual" in "".join(trace.meta.notes)


def test_triggers_and_generated_columns_do_no_harm(export: Export, nsys: SimpleNamespace) -> None:
    script = (
        f"CREATE TRIGGER t AFTER INSERT ON {K}KERNEL BEGIN DELETE FROM {K}KERNEL; END;"
        "CREATE TABLE OSRT_API (a INTEGER, b TEXT AS (hex(zeroblob(a))));"
    )
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, script=script)
    before = path.read_bytes()
    assert open_trace(path).activities.num_rows == 1
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


def test_a_virtual_table_is_not_read(export: Export, nsys: SimpleNamespace) -> None:
    script = "CREATE VIRTUAL TABLE NVTX_EVENTS USING fts5(start, end, eventType);"
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, script=script)
    trace = open_trace(path)
    assert trace.tables["ranges"].num_rows == 0
    assert "NVTX_EVENTS was not read: it is a view or virtual" in "".join(trace.meta.notes)


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '/tmp/other' AS other",
        "SELECT load_extension('x')",
        "INSERT INTO StringIds VALUES (7, 'x')",
        "DROP TABLE StringIds",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = WAL",
        "SELECT hex(zeroblob(1000000000))",
        "SELECT * FROM seen",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    ],
)
def test_no_statement_does_more_than_read_a_table(
    export: Export, nsys: SimpleNamespace, statement: str
) -> None:
    script = "CREATE VIEW seen AS SELECT * FROM StringIds"
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, script=script)
    before = path.read_bytes()
    with Database(Intake(path)) as database, pytest.raises(TraceError, match="damaged SQLite"):
        database.query(statement)
    assert path.read_bytes() == before


def test_a_statement_ends_when_the_time_is_over(export: Export, nsys: SimpleNamespace) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(i, i + 1) for i in range(300)]})
    times = ", ".join(f"{K}KERNEL AS k{i}" for i in range(9))
    intake = Intake(path, ImportOptions(limits=Limits(seconds=1)))
    with (
        Database(intake) as database,
        pytest.raises(TraceError, match=r"takes longer than 1 s.*_S"),
    ):
        database.query(f"SELECT count(*) FROM {times}")


def test_a_schema_as_large_as_a_file(export: Export, nsys: SimpleNamespace) -> None:
    columns = ", ".join(f"c{i} INTEGER -- {'x' * 1000}\n" for i in range(1500))
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, script=f"CREATE TABLE big ({columns});")
    assert "damaged SQLite file" in message(path)
    many = "".join(f"CREATE TABLE t{i} (a);" for i in range(5001))
    path.unlink()
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, script=f"BEGIN; {many} COMMIT;")
    assert "more than 5,000 tables" in message(path)


def test_a_value_has_a_limit(export: Export, nsys: SimpleNamespace) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, strings=("n" * 3_000_000,))
    assert open_trace(path).activities.num_rows == 1
    few = ImportOptions(limits=Limits(event_bytes=1 << 20))
    assert "more than 1,048,576 bytes; " in message(path, few)


def test_texts_that_share_their_pages_are_no_way_to_fill_the_memory(
    export: Export, nsys: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, strings=("n" * 5000,) * 20)
    assert open_trace(path).activities.num_rows == 1
    monkeypatch.setattr("timeline.formats.nsys_sqlite.rows._TEXT_BYTES_A_BYTE", 0.5)
    assert "texts that are longer than the file" in message(path)


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE photos (id INTEGER)")
    assert "none of nsys's" in message(path)


@pytest.mark.parametrize("end", ["-wal", "-journal"])
def test_changes_that_are_still_outside_are_not_overlooked(
    export: Export, nsys: SimpleNamespace, end: str
) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]})
    path.with_name(path.name + end).write_bytes(b"pending")
    assert f"{path.name}{end} holds changes" in message(path)


def test_names_with_marks_of_their_own_are_opened(export: Export, nsys: SimpleNamespace) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, name="50% #1?mode=rwc.sqlite")
    assert open_trace(path).activities.num_rows == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_more_rows_or_bytes_than_allowed(export: Export, nsys: SimpleNamespace) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(i, i + 1) for i in range(20)]})
    assert "more than 10 rows" in message(path, ImportOptions(limits=Limits(rows=10)))
    assert "more than 100" in message(path, ImportOptions(limits=Limits(file_bytes=100)))


def test_texts_that_are_no_unicode_are_shown_all_the_same(
    export: Export, nsys: SimpleNamespace
) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2, demangledName=9)]})
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO StringIds VALUES (9, CAST(x'6bff00ff' AS TEXT))")
        database.commit()
    name = open_trace(path).activities["name"].to_pylist()[0]
    assert name.startswith("k\N{REPLACEMENT CHARACTER}")


def test_progress_may_end_the_import(export: Export, nsys: SimpleNamespace) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]})

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_trace(path, ImportOptions(progress=stop))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("device", [-(2**62), 2**31, "gpu", b"x", 1.5, None])
def test_a_context_of_no_device_there_can_be(
    export: Export, nsys: SimpleNamespace, device: Any
) -> None:
    context = {"processId": 7, "contextId": 1, "deviceId": device, "nullStreamId": 7}
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)], "TARGET_INFO_CUDA_CONTEXT_INFO": [context]})
    assert open_trace(path).tables["streams"]["device"].to_pylist() == [None]


@pytest.mark.parametrize("quote", [b"(\n a 'INTEGER\n)", b"(a \x9d\xff 'b)"])
def test_a_schema_that_sqlite_quotes_is_still_one_line(
    export: Export, nsys: SimpleNamespace, quote: bytes
) -> None:
    broken = (b"CREATE TABLE OSRT_API " + quote).hex()
    script = (
        "CREATE TABLE OSRT_API (a); PRAGMA writable_schema = ON;"
        f"UPDATE sqlite_master SET sql = CAST(x'{broken}' AS TEXT) WHERE name = 'OSRT_API';"
    )
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2)]}, script=script)
    assert "damaged SQLite file" in message(path)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_gives_a_trace_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, nsys: SimpleNamespace, data: st.DataObject
) -> None:
    content = bytearray((nsys.DATA / "mock.sqlite").read_bytes())
    for _ in range(data.draw(st.integers(0, 30))):
        content[data.draw(st.integers(16, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(content)))
    path = tmp_path_factory.mktemp("damaged") / "mock.sqlite"
    path.write_bytes(content[:cut])
    for lenient in (False, True):
        with suppress(TraceError):
            trace = read_foreign(path, ImportOptions(lenient=lenient))
            for table in trace.tables.values():
                table.validate(full=True)


NUMBERS = st.one_of(st.none(), st.integers(-5, 300), st.integers(-(2**63), 2**63 - 1))
CELLS = st.one_of(NUMBERS, st.text(max_size=5), st.floats(allow_nan=False), st.binary(max_size=5))


@settings(max_examples=80, deadline=None)
@given(
    place=st.integers(0, 99),
    rows=st.lists(st.dictionaries(st.integers(0, 20), CELLS, max_size=12), max_size=6),
    drop=st.sets(st.integers(0, 20), max_size=4),
)
def test_any_content_of_any_table_gives_a_trace_or_one_line(
    tmp_path_factory: pytest.TempPathFactory,
    nsys: SimpleNamespace,
    place: int,
    rows: list[dict[int, Any]],
    drop: set[int],
) -> None:
    path = tmp_path_factory.mktemp("content") / "any.sqlite"
    table = sorted(nsys.TABLES)[place % len(nsys.TABLES)]
    names = [c.partition(":")[0] for c in nsys.TABLES[table].split()]
    kept = [name for i, name in enumerate(names) if i not in drop] or names
    with closing(sqlite3.connect(path)) as database:
        if table != f"{K}KERNEL":
            database.execute(nsys.ddl(f"{K}KERNEL", nsys.TABLES[f"{K}KERNEL"].split()))
        columns = ", ".join(f'"{name}"' for name in kept)
        database.execute(f"CREATE TABLE {table} ({columns})")
        for row in rows:
            cells = {names[i]: v for i, v in row.items() if i < len(names) and names[i] in kept}
            if cells:
                into = ", ".join(f'"{name}"' for name in cells)
                marks = ", ".join("?" * len(cells))
                database.execute(
                    f"INSERT INTO {table} ({into}) VALUES ({marks})", [*cells.values()]
                )
        database.commit()
    trace = None
    with suppress(TraceError):
        trace = read_foreign(path)
    lenient = read_foreign(path, LENIENT) if set(kept) == set(names) else trace
    for found in (trace, lenient):
        for each in found.tables.values() if found else ():
            each.validate(full=True)
