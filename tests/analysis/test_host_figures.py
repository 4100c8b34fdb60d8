"""Figures of the host, worked out by hand."""

from typing import Any

import numpy as np
import pytest

from timeline.analysis.host_figures import (
    after_function_ns,
    before_function_ns,
    issuing_ns,
    waiting,
)
from timeline.analysis.technique_figures import Measure, over_repeats
from timeline.trace import Meta, Trace, table

ROWS = [
    ("kernel", 1, 0, 100),
    ("host_func", 1, 150, 200),
    ("kernel", 1, 230, 300),
    ("kernel", 2, 0, 180),
    ("host_func", 2, 190, 250),
]
RANGES = {
    "name": ["issue", "wait", "wait", "finish"],
    "start": [0, 10, 30, 50],
    "end": [50, 20, 60, 90],
}
CALLS = {"name": ["a", "b", "c"], "start": [0, 30, 80], "end": [5, 55, 90]}


def of(figure: Measure, rows: list[tuple[str, int, int, int]], **tables: Any) -> float:
    names = ("kind", "stream", "start", "end")
    columns = {key: [row[i] for row in rows] for i, key in enumerate(names)}
    made = {"activities": table("activities", columns, len(rows))}
    made.update({key: table(key, found) for key, found in tables.items()})
    return over_repeats(Trace.from_tables(Meta("test"), made), figure)


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (issuing_ns, 5 + 20),
        (waiting("wait"), (10 + 20) / 50),
        (waiting("nothing"), 0.0),
        (before_function_ns, 10),
        (after_function_ns, 30),
    ],
)
def test_by_hand(figure: Measure, value: float) -> None:
    assert of(figure, ROWS, ranges=RANGES, calls=CALLS) == pytest.approx(value)


def test_a_function_out_of_turn_is_below_zero() -> None:
    early = [("kernel", 1, 0, 100), ("host_func", 1, 90, 120), ("kernel", 1, 110, 150)]
    assert of(before_function_ns, early) == -10
    assert of(after_function_ns, early) == -10


def test_nothing_to_measure_is_no_number() -> None:
    for figure in (before_function_ns, after_function_ns, issuing_ns, waiting("wait")):
        assert np.isnan(of(figure, [("kernel", 1, 0, 100)]))
