"""Recording part by part, and what a recording that was cut off leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from timeline.errors import OutputError, TraceError
from timeline.trace import Meta, Trace, table
from timeline.trace.kept import Kept
from timeline.trace.store import TraceWriter, load, save


def part(first: int, rows: int, name: str) -> dict[str, pa.Table]:
    start = np.arange(first, first + rows)[::-1]
    names = (np.zeros(rows, np.int32), [name])
    activities = table("activities", {"name": names, "start": start, "end": start + 1})
    calls = table("calls", {"name": names, "start": start, "end": start + 1})
    return {"activities": activities, "calls": calls}


def test_parts_become_one_trace_sorted_by_start(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t")
    writer.append(part(10, 5, "b"))
    writer.append({"calls": part(0, 3, "c")["calls"]})
    writer.append(part(0, 10, "a"))
    assert writer.close(Meta("cupti", dropped=2)) == Meta("cupti", dropped=2)
    trace = load(tmp_path / "t")
    assert trace.meta == Meta("cupti", dropped=2)
    assert trace.column("activities", "start").tolist() == list(range(15))
    assert trace.activities["name"].to_pylist() == ["a"] * 10 + ["b"] * 5
    assert trace.tables["calls"].num_rows == 18
    assert trace.activities["name"].num_chunks == 1


def test_a_recording_that_never_ended_loads_up_to_its_last_part(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t", meta=Meta("cupti", notes=("One.",)))
    assert load(tmp_path / "t").activities.num_rows == 0
    assert (
        load(tmp_path / "t").meta.notes[1].endswith("before its first part: nothing of it is here.")
    )
    writer.append(part(0, 3, "a"), until_ns=2_500_000_000)
    trace = load(tmp_path / "t")
    assert trace.activities.num_rows == 3
    kept = Kept(parts=1, until_ns=2_500_000_000)
    assert trace.meta == Meta("cupti", notes=("One.", *kept.notes()), kept=kept)
    assert "did not end: everything up to part 1, written 2.500 s" in trace.meta.notes[1]
    writer.close()
    assert load(tmp_path / "t").meta.notes == ("One.",)


@pytest.mark.parametrize("at", ["calls/part-00001.parquet", "meta.json"])
def test_a_part_counts_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    writer = TraceWriter(tmp_path / "t")
    writer.append(part(0, 3, "a"))
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if str(target).endswith(at):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        writer.append(part(3, 4, "b"))
    monkeypatch.undo()
    trace = load(tmp_path / "t")
    assert trace.activities.num_rows == trace.tables["calls"].num_rows == 3
    writer.append(part(3, 5, "c"))  # there is room again
    writer.close()
    trace = load(tmp_path / "t")
    assert trace.activities["name"].to_pylist() == ["a"] * 3 + ["c"] * 5


def test_a_killed_process_leaves_a_trace(tmp_path: Path) -> None:
    code = (
        "import os, signal, numpy as np\n"
        "from timeline.trace import table\n"
        "from timeline.trace.store import TraceWriter\n"
        f"w = TraceWriter({str(tmp_path / 't')!r})\n"
        "w.append({'activities': table('activities', {'start': [1], 'end': [2]})})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code])
    assert done.returncode == -signal.SIGKILL
    trace = load(tmp_path / "t")
    assert trace.activities.num_rows == 1
    assert trace.meta.kept == Kept(parts=1)
    assert trace.meta.notes == Kept(parts=1).notes()


def test_what_a_killed_process_left_can_be_overwritten(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t").append(part(0, 3, "a"))
    (tmp_path / "t" / "calls" / ".part-00001.parquet.tmp").write_bytes(b"half")
    assert load(tmp_path / "t").tables["calls"].num_rows == 3
    with pytest.raises(OutputError, match="already holds a trace"):
        TraceWriter(tmp_path / "t")
    writer = TraceWriter(tmp_path / "t", overwrite=True)
    assert load(tmp_path / "t").activities.num_rows == 0
    writer.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "t"]


def test_only_the_schema_s_tables_are_taken(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t")
    with pytest.raises(TraceError, match="no table named 'kernels'"):
        writer.append({"kernels": pa.table({"start": [1]})})
    with pytest.raises(TraceError, match="table 'calls' has other columns"):
        writer.append({"calls": pa.table({"start": [1]})})
    writer.close()
    with pytest.raises(OutputError, match="the recording has ended"):
        writer.append({})
    with pytest.raises(OutputError, match="the recording has ended"):
        writer.close()


def test_a_folder_that_vanished(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t")
    (tmp_path / "t" / "meta.json").unlink()
    (tmp_path / "t").rmdir()
    with pytest.raises(OutputError, match="can't be written: No such file"):
        writer.append(part(0, 1, "a"))


def test_any_arrow_tool_opens_a_table(tmp_path: Path) -> None:
    dataset = pytest.importorskip("pyarrow.dataset")
    writer = TraceWriter(tmp_path / "t")
    writer.append(part(0, 3, "a"))
    writer.append(part(3, 4, "b"))
    writer.close()
    assert dataset.dataset(tmp_path / "t" / "activities").count_rows() == 7


def test_saving_what_was_loaded_gives_the_same(tmp_path: Path) -> None:
    trace = Trace.from_tables(Meta("sim"), part(0, 9, "a"))
    again = load(save(trace, tmp_path / "one"))
    save(again, tmp_path / "two")
    for file in (tmp_path / "one").rglob("*.parquet"):
        other = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert other.read_bytes() == file.read_bytes()


def test_saving_what_was_cut_off_keeps_saying_so_once(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t").append(part(0, 3, "a"))
    trace = load(tmp_path / "t")
    again = load(save(load(save(trace, tmp_path / "one")), tmp_path / "two"))
    assert again.meta == trace.meta
    assert len(again.meta.notes) == 1


def test_what_could_not_go_on_says_why(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t", meta=Meta("cupti"))
    writer.append(part(0, 3, "a"), until_ns=7)
    assert writer.close(why="No space left on device") == load(tmp_path / "t").meta
    meta = load(tmp_path / "t").meta
    assert meta.kept == Kept(parts=1, until_ns=7, why="No space left on device")
    assert meta.notes[0].startswith("The recording could not go on (No space left on device): ")


def test_an_orphan_of_a_part_that_failed_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = TraceWriter(tmp_path / "t")
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if "calls" in str(target):
            raise OSError(27, "File too large")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="File too large"):
        writer.append(part(0, 4, "b"))
    assert not list((tmp_path / "t").rglob("*part*"))


def test_a_table_that_is_renewed_takes_the_place_of_the_older_one(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t")
    for count in (1, 3):
        streams = table("streams", {"stream": list(range(count))})
        writer.append(part(0, 2, "a"), renewed={"streams": streams})
        assert load(tmp_path / "t").tables["streams"].num_rows == count
    writer.append(part(2, 2, "a"))
    assert load(tmp_path / "t").tables["streams"].num_rows == 3
    assert len(list((tmp_path / "t" / "streams").iterdir())) == 1
