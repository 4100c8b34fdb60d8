"""Role overlap inside blocks, by example and against a brute-force count of nanoseconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.analysis.role_overlap import role_overlap
from timeline.trace import Meta, Trace, table

Span = tuple[int, int, str, int, int]
"""Correlation, block, role, start, end."""


def stamped(rows: list[Span]) -> Trace:
    names = ("correlation", "block", "role", "start", "end")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns["device"] = [0] * len(rows)
    return Trace.from_tables(Meta("test"), {"stamps": table("stamps", columns, len(rows))})


ROWS: list[Span] = [
    (1, 0, "loader", 100, 200),
    (1, 0, "loader", 150, 250),  # two loads in flight count once
    (1, 0, "compute", 200, 400),
    (1, 0, "storer", 0, 999),
    (1, 1, "loader", 0, 100),
    (1, 1, "compute", 100, 130),
    (2, 0, "loader", 5, 10),
]


def test_each_block_and_all_of_them() -> None:
    found = role_overlap(stamped(ROWS), "loader", "compute")
    assert list(zip(found.correlation, found.block, strict=True)) == [(1, 0), (1, 1), (2, 0)]
    assert found.first_ns.tolist() == [150, 100, 5]
    assert found.second_ns.tolist() == [200, 30, 0]
    assert found.both_ns.tolist() == [50, 0, 0]
    assert found.ratios[:2].tolist() == [50 / 150, 0.0]
    assert np.isnan(found.ratios[2])
    assert found.ratio == 50 / 180
    assert found.of(1).ratio == 50 / 180
    assert np.isnan(found.of(2).ratio)


def test_only_the_rows_that_count() -> None:
    rows = np.array([True] * 3 + [False] * 4)
    assert role_overlap(stamped(ROWS), "loader", "compute", rows=rows).ratio == 50 / 150


@pytest.mark.parametrize("rows", [[], ROWS[3:4]])
def test_nothing_to_compare(rows: list[Span]) -> None:
    assert np.isnan(role_overlap(stamped(rows), "loader", "compute").ratio)


spans = st.tuples(
    st.integers(1, 2),
    st.integers(0, 2),
    st.sampled_from(["loader", "compute", "storer"]),
    st.integers(0, 60),
    st.integers(0, 60),
).map(lambda row: (*row[:3], min(row[3:]), max(row[3:])))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(spans, max_size=20))
def test_against_nanosecond_by_nanosecond(rows: list[Span]) -> None:
    found = role_overlap(stamped(rows), "loader", "compute")
    for i, key in enumerate(zip(found.correlation, found.block, strict=True)):
        busy = {
            role: {
                t for c, b, r, start, end in rows if (c, b, r) == (*key, role)
                for t in range(start, end)
            }
            for role in ("loader", "compute")
        }  # fmt: skip
        assert found.first_ns[i] == len(busy["loader"])
        assert found.second_ns[i] == len(busy["compute"])
        assert found.both_ns[i] == len(busy["loader"] & busy["compute"])
