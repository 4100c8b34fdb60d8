"""Measures of a run over all its devices."""

from typing import Any

import pytest

from timeline.samples.totals import totals
from timeline.trace import Device, Meta, Trace, table

Row = tuple[str, int, int, int, int]


def run(*rows: Row, repeats: tuple[tuple[int, int], ...] = ()) -> Trace:
    """Activities: engine, device, stream, start, end."""
    names = ("engine", "device", "stream", "start", "end")
    columns: dict[str, Any] = {key: [row[i] for row in rows] for i, key in enumerate(names)}
    columns["kind"] = ["kernel" if row[0] == "SM" else "memcpy" for row in rows]
    columns["name"] = columns["kind"]
    devices = tuple(Device(n, "GPU") for n in sorted({row[1] for row in rows}))
    meta = Meta("cupti", devices=devices, repeats=repeats)
    return Trace.from_tables(meta, {"activities": table("activities", columns, len(rows))})


def test_one_device() -> None:
    found = totals(run(("H2D", 0, 1, 0, 40), ("SM", 0, 2, 20, 100), ("SM", 0, 3, 60, 100)))
    assert (found.makespan_ns, found.bound_ns) == (100, 80)
    assert found.pipeline_efficiency == 0.8
    assert found.copies == 0.5
    assert found.kernels == 0.5
    assert found.devices is None


def test_devices_one_after_the_other_and_at_once() -> None:
    serial = totals(run(("SM", 0, 1, 0, 50), ("SM", 1, 1, 50, 100)))
    assert (serial.makespan_ns, serial.bound_ns, serial.devices) == (100, 50, 0.0)
    both = totals(run(("SM", 0, 1, 0, 60), ("SM", 1, 1, 40, 100)))
    assert both.devices == pytest.approx(0.2)
    assert both.kernels == 0.0  # on each device there is one kernel at a time


def test_copies_that_hardly_matter_have_no_ratio() -> None:
    assert totals(run(("H2D", 0, 1, 0, 4), ("SM", 0, 1, 4, 100))).copies is None


def test_the_repeat_of_median_makespan_over_all_devices() -> None:
    repeats = ((0, 100), (200, 300), (400, 500))
    rows: list[Row] = []
    for (start, _), length in zip(repeats, (90, 50, 70), strict=True):
        rows += [("SM", 0, 1, start, start + 40), ("SM", 1, 1, start + 5, start + length)]
    assert totals(run(*rows, repeats=repeats)).makespan_ns == 70


def test_nothing_recorded() -> None:
    found = totals(Trace.from_tables(Meta("cupti"), {}))
    assert (found.makespan_ns, found.bound_ns, found.pipeline_efficiency) == (0, 0, None)
