"""What is written is read back as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.formats import by_name, detect, open_trace
from timeline.formats.perfetto import out_file
from timeline.trace import TABLES, Device, Meta, Trace, table

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
PLACES = (
    DATA / "kineto" / "nccl_data.json.gz",
    DATA / "kineto" / "event_sync_multi_stream.json.gz",
    DATA / "nsys" / "flameox_nsight-2025.5.2.sqlite",
    ROOT / "samples" / "pdl" / "pdl",
    ROOT / "samples" / "p2p_pipeline" / "copy_stream",
    ROOT / "samples" / "scripts" / "record_torch",
)


def rows(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    return {
        name: sorted(found.to_pylist(), key=lambda row: tuple(map(str, row.values())))
        for name, found in trace.tables.items()
    }


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("suffix", [".perfetto-trace", ".perfetto-trace.gz"])
def test_nothing_is_lost(place: Path, suffix: str, tmp_path: Path) -> None:
    trace = open_trace(place)
    out = tmp_path / f"out{suffix}"
    by_name("perfetto").write(trace, out)
    found = detect(out)
    assert found is not None
    assert found.name == "perfetto"
    again = open_trace(out)
    assert rows(again) == rows(trace)
    assert again.meta == trace.meta
    assert not list(tmp_path.glob(".*"))


def values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_fixed_size_list(kind):
        return st.lists(st.integers(1, 2**31 - 1), min_size=3, max_size=3)
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return st.text(max_size=5).map(lambda text: text.encode(errors="replace").decode())
    limits = np.iinfo(np.dtype(str(kind)))
    return st.integers(limits.min, limits.max) | st.integers(0, 5)


NOT_MINUS_ONE = ("device", "stream", "process", "thread", "block")
"""Columns that tell the track, in which -1 stands for null."""


@st.composite
def any_rows(draw: st.DrawFn, name: str) -> pa.Table:
    """Rows with any value in any column; spans that nest, cross and are empty."""
    made = []
    for _ in range(draw(st.integers(0, 5))):
        row: dict[str, Any] = {}
        for column in TABLES[name]:
            found = draw(st.none() | values(column.type))
            row[column.name] = None if found == -1 and column.name in NOT_MINUS_ONE else found
        if "start" in row:
            row["start"] = draw(st.integers(-20, 20))
            row["end"] = row["start"] + draw(st.integers(0, 20))
        if name == "calls":
            row["api"] = draw(st.sampled_from([None, "runtime", "driver"]))
        if name == "activities":
            row["engine"] = draw(st.sampled_from(["SM", "H2D"]))
        made.append(row)
    columns = {c: [row[c] for row in made] for c in TABLES[name].names} if made else {}
    return table(name, columns, len(made))


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_any_value_of_any_column(data: st.DataObject) -> None:
    tables = {name: data.draw(any_rows(name), name) for name in TABLES}
    meta = Meta("cupti", 1_700_000_000_000_000_000, (Device(0, "H200"),), notes=("A note.",))
    trace = Trace.from_tables(meta, tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(out_file, "_WINDOW", data.draw(st.integers(1, 50)))
        patch.setattr(out_file, "_ROWS", data.draw(st.integers(1, 50)))
        again = written_and_read(trace)
    assert rows(again) == rows(trace)
    assert again.meta == trace.meta


def written_and_read(trace: Trace) -> Trace:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.pftrace"
        by_name("perfetto").write(trace, path)
        return open_trace(path)


def test_open_ranges_and_marks_keep_their_ends(
    written: Callable[[Trace], bytes], read: Callable[..., Trace]
) -> None:
    ranges = table(
        "ranges",
        {
            "name": ["open", "mark", "mark of a file", "closed"],
            "kind": ["push_pop", "mark", "mark", "push_pop"],
            "start": [5, 6, 7, 8],
            "end": [None, None, 7, 9],
        },
    )
    trace = Trace.from_tables(Meta("nsys_sqlite"), {"ranges": ranges})
    assert read(written(trace)).tables["ranges"].to_pylist() == ranges.to_pylist()


def test_rows_without_a_time_are_left_out(
    written: Callable[[Trace], bytes], read: Callable[..., Trace]
) -> None:
    calls = table("calls", {"name": ["a", "b"], "start": [None, 3], "end": [None, 4]})
    again = read(written(Trace.from_tables(Meta("cupti"), {"calls": calls})))
    assert again.tables["calls"]["name"].to_pylist() == ["b"]


def test_progress_is_told_and_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    trace = open_trace(PLACES[-1])

    def stop(done: int, total: int) -> None:
        assert 0 == done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        by_name("perfetto").write(trace, tmp_path / "a.pftrace", stop)
    assert not list(tmp_path.iterdir())
