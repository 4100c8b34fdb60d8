"""Moving times to another zero."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from timeline.trace import TABLES
from timeline.trace.clock import TIME_COLUMNS, shift

_NS = st.integers(-(1 << 60), 1 << 60)
_ROWS = st.lists(st.tuples(_NS, _NS, st.none() | _NS, st.integers(0, 9)), max_size=20)


@given(_ROWS, _ROWS, st.integers(-(1 << 61), 1 << 61))
def test_every_time_moves_and_nothing_else(
    one: list[tuple[int, int, int | None, int]],
    two: list[tuple[int, int, int | None, int]],
    by: int,
) -> None:
    pieces = [_activities(rows) for rows in (one, two)]
    moved = shift({"activities": pa.concat_tables(pieces)}, by)["activities"]
    expected = [(s + by, e + by, None if q is None else q + by, c) for s, e, q, c in one + two]
    assert moved.schema == TABLES["activities"]
    columns = ("start", "end", "queued", "correlation")
    assert list(zip(*(moved[name].to_pylist() for name in columns), strict=True)) == expected
    assert moved["submitted"].null_count == len(expected)


def _activities(rows: list[tuple[int, int, int | None, int]]) -> pa.Table:
    schema = TABLES["activities"]
    names = ("start", "end", "queued", "correlation")
    assert set(names[:3]) <= set(TIME_COLUMNS)
    known = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    columns = [pa.array(known.get(f.name, [None] * len(rows)), f.type) for f in schema]
    return pa.Table.from_arrays(columns, schema=schema)
