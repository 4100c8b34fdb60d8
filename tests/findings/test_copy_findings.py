"""Pageable, synchronous, small copies, and a copy engine without time left."""

from collections.abc import Callable
from typing import Any

import pytest

from timeline.findings import diagnose, findings
from timeline.trace import Trace

Codes = Callable[[Trace], list[str]]


def pipeline(lab: Any, *, pinned: bool) -> Trace:
    lanes = [lab.b.stream(f"s{i}") for i in range(3)]
    for index in range(6):
        lane = lanes[index % 3]
        data = lab.copy_in(lane, 8, pinned=pinned)
        lab.kernel("k", lane, 200, inputs=[data], outputs=[data])
        lab.copy_out(lane, data, pinned=pinned)
    lab.b.device_synchronize()
    trace: Trace = lab.run()
    return trace


def test_pageable_copies(lab: Any, other_lab: Any, codes: Codes) -> None:
    before = pipeline(lab, pinned=False)
    found = findings(before)
    assert found[0].code == "pageable-copy"
    assert found[0].count == 12
    assert found[0].severity == "high"
    assert found[0].fix == "pin_copies"
    assert "pageable-copy" not in codes(pipeline(other_lab, pinned=True))


def steps(lab: Any, *, blocking: bool) -> Trace:
    compute, copy = lab.b.stream("compute"), lab.b.stream("copy")
    arrived = lab.b.event("arrived")
    for _ in range(6):
        data = lab.copy_in(copy, 8, blocking=blocking)
        if not blocking:
            lab.b.record(arrived, copy)
            lab.b.wait(compute, arrived)
        lab.kernel("k", compute, 150, inputs=[data], outputs=[data])
    lab.b.device_synchronize()
    trace: Trace = lab.run()
    return trace


def test_synchronous_copies(lab: Any, other_lab: Any, codes: Codes) -> None:
    found = findings(steps(lab, blocking=True))
    assert "synchronous-copy" in {one.code for one in found}
    (mine,) = (one for one in found if one.code == "synchronous-copy")
    assert mine.count == 6
    assert mine.sites[0].call == "cudaMemcpy"
    assert "synchronous-copy" not in codes(steps(other_lab, blocking=False))


@pytest.mark.parametrize(("size", "count", "there"), [(1 / 256, 200, True), (8, 8, False)])
def test_small_copies(lab: Any, codes: Codes, size: float, count: int, there: bool) -> None:
    stream = lab.b.stream("s")
    host = lab.b.host("host", int(size * (1 << 20)), pinned=True)
    device = lab.b.device("device", host.bytes)
    for _ in range(count):
        lab.b.memcpy(device, host, stream)
    lab.kernel("k", stream, 20)
    lab.b.device_synchronize()
    assert ("small-copies" in codes(lab.run())) is there


def test_a_saturated_copy_engine(lab: Any, codes: Codes) -> None:
    copy, compute = lab.b.stream("copy"), lab.b.stream("compute")
    arrived = lab.b.event("arrived")
    for _ in range(16):
        data = lab.copy_in(copy, 16)
        lab.b.record(arrived, copy)
        lab.b.wait(compute, arrived)
        lab.kernel("k", compute, 50, inputs=[data], outputs=[data])
    lab.b.device_synchronize()
    (found,) = findings(lab.run())
    assert found.code == "saturated-copy-engine"
    assert "H2D" in found.cost_how


def test_a_trace_that_does_not_say_what_memory_is(lab: Any, unknown: Any) -> None:
    trace = pipeline(lab, pinned=True)
    activities = trace.activities.drop_columns(["src_kind", "dst_kind"])
    assert activities.num_rows
    blank = without(trace, "activities", "src_kind", "dst_kind")
    assert "pageable-copy" in unknown(diagnose(blank))


def without(trace: Trace, table: str, *columns: str) -> Trace:
    """The trace with nulls in some columns of a table."""
    import pyarrow as pa

    from timeline.trace import TABLES

    found = trace.tables[table]
    for name in columns:
        index = found.schema.get_field_index(name)
        blank = pa.nulls(found.num_rows, TABLES[table].field(name).type)
        found = found.set_column(index, found.schema.field(name), blank)
    return Trace.from_tables(trace.meta, {**trace.tables, table: found})
