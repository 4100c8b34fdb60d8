"""CSV and Parquet with plain columns."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from timeline.cli import main
from timeline.errors import OutputError
from timeline.formats import by_suffix, writer
from timeline.trace import Trace

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "scripts" / "record_torch"


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.load(SAMPLE)


def expected(trace: Trace, name: str) -> list[dict[str, Any]]:
    found = []
    for row in trace.tables[name].to_pylist():
        plain: dict[str, Any] = {}
        for column, value in row.items():
            if column in ("grid", "block", "cluster") and name == "activities":
                lanes = value or [None] * 3
                plain |= {f"{column}_{lane}": one for lane, one in zip("xyz", lanes, strict=True)}
            else:
                plain[column] = value
        found.append(plain)
    return found


def as_csv(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_activities_as_csv(trace: Trace, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    by_suffix(path).write(trace, path)
    raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    found = list(csv.DictReader(raw.decode().splitlines()))
    assert found == [
        {column: as_csv(value) for column, value in row.items()}
        for row in expected(trace, "activities")
    ]


def test_every_table_into_a_folder(trace: Trace, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    writer("parquet").write(trace, folder)
    filled = {name for name, table in trace.tables.items() if table.num_rows}
    assert {path.name for path in folder.iterdir()} == {f"{name}.parquet" for name in filled}
    for name in filled:
        assert pq.read_table(folder / f"{name}.parquet").to_pylist() == expected(trace, name)


def test_a_trace_without_activities_has_a_header(tmp_path: Path) -> None:
    from timeline.trace import Meta

    empty = Trace.from_tables(Meta("cupti"), {})
    writer("csv").write(empty, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().startswith('"kind","name","start","end"')
    writer("csv").write(empty, tmp_path / "folder")
    assert list((tmp_path / "folder").iterdir()) == []


def test_only_what_was_written_here_is_replaced(trace: Trace, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    for _ in range(2):
        writer("csv").write(trace, folder)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds 'notes\.txt'; choose another folder"):
        writer("csv").write(trace, folder)
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["a.csv", "folder", "a.parquet"])
def test_an_interrupt_leaves_nothing(trace: Trace, tmp_path: Path, name: str) -> None:
    def stop(done: int, total: int) -> None:
        assert done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writer("parquet" if name.endswith("parquet") else "csv").write(trace, tmp_path / name, stop)
    assert list(tmp_path.iterdir()) == []


def test_the_command_takes_files_and_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "t")
    assert main(["export", str(SAMPLE), "-o", str(tmp_path / "a.csv")]) == 0
    assert main(["export", str(SAMPLE), "-o", out]) == 2
    assert "must end in" in capsys.readouterr().err
    assert main(["export", str(SAMPLE), "-o", out, "--format", "csv"]) == 0
    assert main(["export", str(SAMPLE), "-o", out, "--format", "csv"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["export", str(SAMPLE), "-o", out, "--format", "csv", "--overwrite"]) == 0
    assert main(["export", str(SAMPLE), "-o", out, "--format", "nsys_rep", "--overwrite"]) == 2
    again = str(tmp_path / "a.csv")
    assert main(["export", str(SAMPLE), "-o", again, "--format", "parquet"]) == 2
