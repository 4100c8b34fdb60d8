"""Saving, loading and what can go wrong with the files."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import OutputError, TraceError, UsageError
from timeline.limits import Limits
from timeline.trace import TABLES, Device, Meta, Trace, table
from timeline.trace.parts import Part, row_bytes
from timeline.trace.store import TraceWriter, load, save
from timeline.trace.stored import FEW


def sample(rows: int = 40) -> Trace:
    start = np.arange(rows, dtype=np.int64) * 1000
    codes = np.arange(rows) % 3
    activities = table(
        "activities",
        {
            "kind": (np.minimum(codes, 1), ["kernel", "memcpy"]),
            "name": (codes, ["scale", "H2D", "D2H"]),
            "start": start,
            "end": start + 700,
            "device": np.zeros(rows, np.int32),
            "stream": codes,
            "engine": (codes, ["SM", "H2D", "D2H"]),
            "correlation": np.arange(rows),
            "grid": np.tile(np.array([4, 1, 1]), (rows, 1)),
        },
    )
    streams = table("streams", {"stream": [1, 2], "name": ["copy", None], "priority": [0, -5]})
    meta = Meta("sim", devices=(Device(0, "H200"),), labels={"k": 3}, repeats=((0, 10),))
    return Trace.from_tables(meta, {"activities": activities, "streams": streams})


def same(one: Trace, two: Trace) -> bool:
    rows = all(one.tables[n].to_pylist() == two.tables[n].to_pylist() for n in TABLES)
    return rows and one.meta == two.meta


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "bool": st.booleans(),
    "string": st.text("a\n\0ü€😀", max_size=5),
    "dictionary<values=string, indices=int32, ordered=0>": st.sampled_from(["a", "b", "", "ü"]),
}
DIM3 = st.lists(st.integers(1, 2**31 - 1), min_size=3, max_size=3)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, pa.Table]:
    found = {}
    for name in draw(st.lists(st.sampled_from(sorted(TABLES)), unique=True, max_size=4)):
        rows = draw(st.integers(0, 4))
        columns = {}
        for field in TABLES[name]:
            value = VALUES.get(str(field.type), DIM3)
            if field.name not in ("start", "end"):
                value = st.none() | value
            if field.name in ("start", "end") or draw(st.booleans()):
                columns[field.name] = draw(st.lists(value, min_size=rows, max_size=rows))
        found[name] = table(name, columns, rows)
    return found


@settings(max_examples=40, deadline=None)
@given(tables(), st.text("a\n\0ü€😀", max_size=8))
def test_round_trip(found: dict[str, pa.Table], note: str) -> None:
    trace = Trace.from_tables(Meta("sim", notes=(note,), labels={"text": note}), found)
    with tempfile.TemporaryDirectory() as folder:
        path = trace.save(Path(folder) / "trace")
        again = Trace.load(path)
        assert same(again, trace)
        for name, schema in TABLES.items():
            assert again.tables[name].schema == schema


def test_a_missing_grid_is_not_a_null_list_in_the_file(tmp_path: Path) -> None:
    """pyarrow up to 25 can't read lists of a fixed size back when some are null."""
    grids = {"start": [0, 1], "end": [1, 2], "grid": [None, [4, 1, 1]]}
    trace = Trace.from_tables(Meta("sim"), {"activities": table("activities", grids)})
    path = trace.save(tmp_path / "t")
    stored = pq.read_table(path / "activities" / "part-00000.parquet")
    assert stored["grid"].null_count == 0
    assert Trace.load(path).activities["grid"].to_pylist() == [None, [4, 1, 1]]


def test_dictionaries_stay_dictionaries_and_columns_zero_copy(tmp_path: Path) -> None:
    trace = load(save(sample(), tmp_path / "t"))
    assert trace.names("activities", "engine") == ["SM", "H2D", "D2H"]
    start = trace.column("activities", "start")
    assert start.base is not None
    assert not start.flags.owndata


def test_tables_can_be_chosen(tmp_path: Path) -> None:
    path = save(sample(), tmp_path / "t")
    trace = load(path, tables=["streams"])
    assert trace.tables["streams"].num_rows == 2
    assert trace.activities.num_rows == 0
    with pytest.raises(UsageError, match="no table named 'stream'; did you mean 'streams'"):
        load(path, tables=["stream"])


def test_a_loaded_trace_is_light(tmp_path: Path) -> None:
    """Loading imports nothing that costs more than the loading."""
    path = save(sample(), tmp_path / "t")
    code = (
        "import sys; from timeline.trace import Trace\n"
        f"t = Trace.load({str(path)!r})\n"
        "for name, rows in t.tables.items():\n"
        "    for column in rows.column_names: t.column(name, column)\n"
        "t.names('activities', 'name')\n"
        "heavy = {'pandas', 'pyarrow.compute', 'pyarrow.dataset'} & sys.modules.keys()\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# The place


def test_an_existing_trace_is_replaced_only_on_request(tmp_path: Path) -> None:
    path = save(sample(3), tmp_path / "t")
    with pytest.raises(OutputError, match="already holds a trace"):
        save(sample(5), path)
    assert load(path).activities.num_rows == 3
    save(sample(5), path, overwrite=True)
    assert load(path).activities.num_rows == 5
    assert [entry.name for entry in tmp_path.iterdir()] == ["t"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    target = tmp_path / "t"
    target.mkdir()
    assert same(load(save(sample(), target)), sample())


def test_missing_parents_are_made(tmp_path: Path) -> None:
    assert save(sample(), tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_but_a_trace_is_replaced(tmp_path: Path, overwrite: bool) -> None:
    target = tmp_path / "t"
    target.mkdir()
    (target / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="holds files that are no trace"):
        save(sample(), target, overwrite=overwrite)
    (target / "meta.json").write_text("{}")
    with pytest.raises(OutputError, match="holds files that are no trace"):
        save(sample(), target, overwrite=overwrite)
    assert (target / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("stray", ["thesis.txt", "activities/thesis.txt", "more/part.parquet"])
def test_a_trace_with_other_files_is_not_replaced(tmp_path: Path, stray: str) -> None:
    path = save(sample(), tmp_path / "t")
    (path / stray).parent.mkdir(exist_ok=True)
    (path / stray).write_text("years of work")
    with pytest.raises(OutputError, match="is no part of a trace; move it away first"):
        save(sample(), path, overwrite=True)
    assert (path / stray).read_text() == "years of work"


def test_a_link_in_a_trace_is_not_followed(tmp_path: Path) -> None:
    path = save(sample(), tmp_path / "t")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (path / "calls").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="'calls' is no part of a trace"):
        save(sample(), path, overwrite=True)


def test_a_linked_folder_is_replaced_where_it_is(tmp_path: Path) -> None:
    real = save(sample(3), tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    save(sample(4), tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert load(real).activities.num_rows == 4


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "t"
    target.write_text("text")
    with pytest.raises(OutputError, match="is a file; choose another place"):
        save(sample(), target, overwrite=True)


def test_an_unwritable_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file: is a file; choose another place") as caught:
        save(sample(), tmp_path / "file" / "t")
    assert "\n" not in str(caught.value)


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(sample(3), tmp_path / "t")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("timeline.trace.files.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        save(sample(5), path, overwrite=True)
    with pytest.raises(OutputError, match="No space left on device"):
        save(sample(5), tmp_path / "other")
    assert [entry.name for entry in tmp_path.iterdir()] == ["t"]
    assert load(path).activities.num_rows == 3


# Damage


def use(trace: Trace) -> None:
    for name, schema in TABLES.items():
        for field in schema:
            trace.column(name, field.name)
            if pa.types.is_dictionary(field.type):
                trace.names(name, field.name)


def files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file())


def test_truncation_anywhere_is_an_error(tmp_path: Path) -> None:
    path = save(sample(6), tmp_path / "t")
    for file in files(path):
        whole = file.read_bytes()
        for length in [*range(0, len(whole) - 40, 29), *range(len(whole) - 40, len(whole) - 1)]:
            file.write_bytes(whole[:length])
            with pytest.raises(TraceError) as caught:
                load(path)
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)
        file.write_bytes(whole)
    assert same(load(path), sample(6))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_an_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save(sample(6), Path(folder) / "t")
        file = data.draw(st.sampled_from([f for f in files(path) if f.suffix == ".parquet"]))
        raw = bytearray(file.read_bytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        file.write_bytes(raw)
        with pytest.raises(TraceError, match="truncated or damaged"):
            load(path)
        try:  # a forged checksum lets through what Parquet makes of it, or an error in one line
            use(load(reseal(path)))
        except TraceError as error:
            message = str(error)
        else:
            message = ""
        assert "\n" not in message


def refused(path: Path, message: str) -> None:
    with pytest.raises(TraceError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_trace(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", "nothing: can't be read: No such file or directory")
    refused(tmp_path, r"not a trace \(no meta.json in it\)")
    save(sample(), tmp_path / "one")
    refused(tmp_path, "not a trace, but it holds some; name one: one")
    (tmp_path / "report.sqlite").write_bytes(b"SQLite format 3\0")
    refused(tmp_path / "report.sqlite", "make one with: timeline record")


def test_a_missing_part(tmp_path: Path) -> None:
    path = save(sample(), tmp_path / "t")
    (path / "activities" / "part-00000.parquet").unlink()
    refused(path, r"activities/part-00000.parquet: missing; copy the whole folder")


def change_meta(path: Path, **changes: object) -> None:
    file = path / "meta.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def reseal(path: Path) -> Path:
    """Write the checksums anew, as whoever means to forge a trace would."""
    tables = json.loads((path / "meta.json").read_text())["tables"]
    for name, held in tables.items():
        parts = sorted((path / name).iterdir())
        held["crc32"] = [zlib.crc32(part.read_bytes()) for part in parts]
    change_meta(path, tables=tables)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 99}, r"meta.json: written in format version 99, .* upgrade with: pip install"),
        ({"version": "1"}, "no format version"),
        ({"format": "other"}, "not the meta.json of a timeline trace"),
        ({"source": 3}, "malformed: 'source' must be a JSON str"),
        ({"repeats": [[1]]}, "malformed"),
        ({"devices": [3]}, "malformed"),
        ({"labels": []}, "malformed: 'labels' must be a JSON dict"),
        ({"tables": {"activities": {"rows": 1}}}, "'tables' is malformed"),
        ({"tables": {"activities": {"rows": "x", "crc32": []}}}, "'tables' is malformed"),
        ({"tables": {"activities": {"rows": 1, "crc32": ["x"]}}}, "'tables' is malformed"),
        ({"tables": [1]}, "'tables' is malformed"),
        ({"tables": {"activities": {"rows": 3, "crc32": []}}}, "holds 0 rows instead of 3"),
        ({"tables": {"activities": {"rows": 3, "crc32": [7]}}}, "truncated or damaged"),
    ],
)
def test_a_wrong_meta(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = save(sample(), tmp_path / "t")
    change_meta(path, **changes)
    refused(path, message)


def test_a_meta_that_is_not_json(tmp_path: Path) -> None:
    path = save(sample(), tmp_path / "t")
    for text in ("{", "[" * 100_000, "nonsense"):
        (path / "meta.json").write_text(text)
        refused(path, "meta.json: not JSON")
    (path / "meta.json").write_text("[]")
    refused(path, "not the meta.json")


def test_what_a_newer_minor_adds_is_left_aside(tmp_path: Path) -> None:
    path = save(sample(), tmp_path / "t")
    change_meta(path, colour="blue", devices=[{"id": 0, "name": "H200", "clock_mhz": 1}])
    file = path / "activities" / "part-00000.parquet"
    rows = pq.read_table(file)
    pq.write_table(rows.append_column("colour", pa.array(["blue"] * len(rows))), file)
    reseal(path)
    assert same(load(path), sample())


def rewrite(path: Path, name: str, column: pa.Array) -> Path:
    file = path / "activities" / "part-00000.parquet"
    rows = pq.read_table(file)
    pq.write_table(rows.set_column(rows.column_names.index(name), name, column), file)
    return reseal(path)


def test_a_column_of_a_wrong_type(tmp_path: Path) -> None:
    path = rewrite(save(sample(), tmp_path / "t"), "start", pa.array([0.5] * 40))
    refused(path, r"part-00000.parquet: column 'start' is double, the format has int64")


def test_texts_may_be_stored_plainly(tmp_path: Path) -> None:
    """Tools that rewrite the files often drop dictionaries."""
    path = save(sample(), tmp_path / "t")
    names = sample().activities["name"].cast(pa.string())
    trace = load(rewrite(path, "name", names))
    assert trace.activities.schema == TABLES["activities"]
    assert trace.activities["name"].to_pylist() == names.to_pylist()


def test_a_small_file_can_not_fill_the_memory(tmp_path: Path) -> None:
    rows = 3_000_000
    big = table("allocs", {"bytes": np.zeros(rows, np.int64)}, rows)
    path = save(Trace.from_tables(Meta("sim"), {"allocs": big}), tmp_path / "t")
    assert sum(f.stat().st_size for f in files(path)) < 100_000
    needed = rows * row_bytes(TABLES["allocs"])
    with pytest.raises(TraceError, match=r"needs 0.\d GB of memory, more than the 0.1 GB allowed"):
        load(path, limits=Limits(memory_bytes=needed // 3))
    assert load(path).tables["allocs"].num_rows == rows


def test_nor_can_a_long_text_that_is_repeated(tmp_path: Path) -> None:
    rows, text = 5_000, "x" * 100_000
    ranges = table("ranges", {"start": np.arange(rows), "payload": [text] + [""] * (rows - 1)})
    path = save(Trace.from_tables(Meta("sim"), {"ranges": ranges}), tmp_path / "t")
    file = path / "ranges" / "part-00000.parquet"
    payload = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))
    stored = pq.read_table(file)
    pq.write_table(
        stored.set_column(stored.column_names.index("payload"), "payload", payload), file
    )
    reseal(path)
    trace = load(path, limits=Limits(memory_bytes=100_000_000))
    with pytest.raises(TraceError, match=r"needs 0.5 GB of memory"):
        trace.column("ranges", "payload")


def test_labels_with_numpy_scalars_are_stored_as_numbers(tmp_path: Path) -> None:
    meta = Meta("sim", labels={"n": np.int64(3)}, provenance={"path": Path("x")})
    trace = load(save(Trace.from_tables(meta, {}), tmp_path / "t"))
    assert trace.meta == dataclasses.replace(meta, labels={"n": 3}, provenance={"path": "x"})


def many(rows: int) -> Trace:
    """A trace beyond the rows up to which a table is decoded whole, in two parts and unsorted."""
    rng = np.random.default_rng(rows)
    start = rng.integers(0, 10**9, rows)
    columns = {
        "kind": (rng.integers(0, 2, rows).astype(np.int32), ["kernel", "memcpy"]),
        "name": (rng.integers(-1, 3, rows).astype(np.int32), ["a", "b", "c"]),
        "start": start,
        "end": start + 5,
        "device": np.ma.masked_array(rng.integers(0, 2, rows), rng.random(rows) < 0.1),
        "grid": rng.integers(1, 9, (rows, 3)).astype(np.int32),
    }
    return Trace.from_tables(Meta("sim"), {"activities": table("activities", columns)})


def test_columns_of_a_large_table_are_those_of_the_whole(tmp_path: Path) -> None:
    first, second = many(FEW + 10), many(3 * FEW)
    with contextlib.closing(TraceWriter(tmp_path / "t")) as writer:
        for each in (first, second):
            writer.append({"activities": each.activities.slice(5)})
    trace, other = load(tmp_path / "t"), load(tmp_path / "t")
    whole = Trace.from_tables(other.meta, dict(other.tables.items()))
    assert trace.rows("activities") == whole.activities.num_rows == 4 * FEW
    for name in TABLES["activities"].names:
        expected, found = whole.column("activities", name), trace.column("activities", name)
        assert np.array_equal(found, expected), name
    assert trace.names("activities", "name") == whole.names("activities", "name")
    assert trace.activities.equals(whole.activities)
    assert trace.span == whole.span


def test_only_the_columns_that_are_asked_for_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(many(2 * FEW), tmp_path / "t")
    decoded: list[str] = []
    plain = Part.columns

    def told(part: Part, names: Sequence[str]) -> dict[str, Any]:
        decoded.extend(names)
        return plain(part, names)

    monkeypatch.setattr(Part, "columns", told)
    trace = load(path)
    assert trace.rows("activities") == 2 * FEW
    assert decoded == []
    trace.column("activities", "device")
    trace.column("activities", "device")
    assert set(decoded) == {"device", "start"}
    assert decoded.count("device") == 1


def test_a_large_table_has_no_other_columns(tmp_path: Path) -> None:
    trace = load(save(many(2 * FEW), tmp_path / "t"))
    with pytest.raises(KeyError, match="colour"):
        trace.column("activities", "colour")
