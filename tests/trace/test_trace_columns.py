"""Columns in and out of Arrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.trace import Meta, Trace, table
from timeline.trace.columns import from_numpy, nulls, texts, to_arrow, to_numpy

KINDS = {
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1), -1),
    "int32": (pa.int32(), st.integers(-(2**31), 2**31 - 1), -1),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1), 0),
    "bool": (pa.bool_(), st.booleans(), False),
    "string": (pa.string(), st.text("aü€😀", max_size=3), None),
    "list": (
        pa.list_(pa.int32(), 3),
        st.lists(st.integers(0, 99), min_size=3, max_size=3),
        [0, 0, 0],
    ),
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_numpy_values_are_arrow_s_own(name: str, data: st.DataObject) -> None:
    kind, values, null = KINDS[name]
    wanted = data.draw(st.lists(st.none() | values, max_size=20))
    array = pa.array(wanted, kind)
    first = data.draw(st.integers(0, len(wanted)))
    length = data.draw(st.integers(0, len(wanted) - first))
    expected = [null if value is None else value for value in wanted[first : first + length]]
    assert to_numpy(array.slice(first, length)).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.text("a\0ü€😀", max_size=4), max_size=12))
def test_texts_are_arrow_s_own(values: list[str | None]) -> None:
    array = texts(values)
    array.validate(full=True)
    assert array.to_pylist() == values


def test_broken_unicode_becomes_a_question_mark() -> None:
    assert texts(["a\ud800b"]).to_pylist() == ["a?b"]


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.int64, np.uint64])
def test_integers_of_any_width_fit_if_their_values_do(dtype: type[np.integer[Any]]) -> None:
    array = from_numpy(np.array([0, 5, 100], dtype), pa.int32())
    array.validate(full=True)
    assert array.to_pylist() == [0, 5, 100]


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1])
def test_a_value_that_does_not_fit_is_refused(value: int) -> None:
    with pytest.raises(TraceError, match="does not fit int32"):
        from_numpy(np.array([0, value]), pa.int32())


def test_strided_arrays_are_copied() -> None:
    assert from_numpy(np.arange(10)[::-3], pa.int64()).to_pylist() == [9, 6, 3, 0]
    assert from_numpy(np.arange(12).reshape(4, 3).T.copy().T, pa.list_(pa.int32(), 3)).to_pylist()[
        1
    ] == [3, 4, 5]


def test_masked_values_are_null() -> None:
    values = np.ma.masked_array([1, 2, 3], [False, True, False])
    assert from_numpy(values, pa.int64()).to_pylist() == [1, None, 3]
    flags = np.ma.masked_array([True, True, False], [False, True, False])
    assert from_numpy(flags, pa.bool_()).to_pylist() == [True, None, False]


def test_codes_and_names_make_a_dictionary() -> None:
    kind = pa.dictionary(pa.int32(), pa.string())
    array = to_arrow((np.array([1, -1, 0], np.int64), ["a", "b"]), kind)
    array.validate(full=True)
    assert array.to_pylist() == ["b", None, "a"]
    with pytest.raises(TraceError, match="code 2 has no name; there are 2"):
        to_arrow(([0, 2], ["a", "b"]), kind)
    assert to_arrow(["x", None, "x"], kind).to_pylist() == ["x", None, "x"]


def test_nulls_of_every_kind() -> None:
    for kind in (pa.int64(), pa.dictionary(pa.int32(), pa.string()), pa.list_(pa.int32(), 3)):
        assert nulls(2, kind).to_pylist() == [None, None]


def test_a_table_checks_its_columns() -> None:
    with pytest.raises(TraceError, match="table 'calls' has no column 'colour'"):
        table("calls", {"colour": [1]})
    with pytest.raises(TraceError, match=r"columns of \[1, 2\] rows"):
        table("calls", {"start": [1], "end": [1, 2]})
    assert table("calls", {}, 3).num_rows == 3


def test_columns_of_a_trace() -> None:
    rows = table(
        "activities",
        {
            "start": [5, 3, 4],
            "end": [6, 4, 9],
            "pdl": [True, None, False],
            "name": ["b", None, "a"],
        },
    )
    trace = Trace.from_tables(Meta("sim"), {"activities": rows})
    assert trace.column("activities", "start").tolist() == [3, 4, 5]
    assert trace.column("activities", "bytes").tolist() == [-1, -1, -1]
    assert trace.column("activities", "pdl").tolist() == [False, False, True]
    assert trace.column("activities", "grid").tolist() == [[0, 0, 0]] * 3
    names = trace.names("activities", "name")
    codes = trace.column("activities", "name").tolist()
    assert [names[c] if c >= 0 else None for c in codes] == [None, "a", "b"]
    assert trace.names("calls", "name") == []
    assert trace.column("calls", "start").tolist() == []
    assert trace.span == (3, 9)
    assert Trace.from_tables(Meta("sim"), {}).span == (0, 0)


def test_sorting_by_start_is_stable() -> None:
    rows = table("activities", {"start": [2, 1, 2, 1], "end": [3] * 4, "correlation": [1, 2, 3, 4]})
    trace = Trace.from_tables(Meta("sim"), {"activities": rows})
    assert trace.column("activities", "correlation").tolist() == [2, 4, 1, 3]


def test_tables_of_another_schema_are_refused() -> None:
    with pytest.raises(TraceError, match="no table named 'kernels'"):
        Trace.from_tables(Meta("sim"), {"kernels": pa.table({"a": [1]})})
    with pytest.raises(TraceError, match="table 'calls' has other columns"):
        Trace.from_tables(Meta("sim"), {"calls": pa.table({"a": [1]})})
    with pytest.raises(AttributeError):
        _ = Trace.from_tables(Meta("sim"), {}).kernels
