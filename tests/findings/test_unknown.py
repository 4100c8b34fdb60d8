"""Traces that lack something: what could not be known is said, never passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from timeline.errors import UsageError
from timeline.findings import LEAST_SHARE, diagnose, findings
from timeline.trace import TABLES, Meta, Trace, table


@pytest.fixture
def whole(lab: Any) -> Trace:
    """Copies, kernels, a legacy stream, a blocking one, and calls."""
    other, legacy = lab.b.stream("other", blocking=True), lab.b.legacy_stream()
    for _ in range(4):
        data = lab.copy_in(other, 1)
        lab.kernel("k", other, 100, grid=64, inputs=[data], outputs=[data])
        lab.kernel("stray", legacy, 30, grid=8)
        lab.kernel("pdl", other, 20, grid=64, pdl=True)
    lab.b.device_synchronize()
    trace: Trace = lab.run()
    return trace


def without(trace: Trace, *tables: str, **columns: tuple[str, ...]) -> Trace:
    """The trace with some tables empty and some columns null."""
    left: dict[str, pa.Table] = {n: t for n, t in trace.tables.items() if n not in tables}
    for name, blank in columns.items():
        found = left[name]
        for column in blank:
            field = TABLES[name].field(column)
            nulls = pa.nulls(found.num_rows, field.type)
            found = found.set_column(found.schema.get_field_index(column), field, nulls)
        left[name] = found
    return Trace.from_tables(trace.meta, left)


def notes(trace: Trace) -> Mapping[str, str]:
    return {note.code: note.text for note in diagnose(trace, least=0.0).unknown}


def test_a_whole_trace_leaves_nothing_unknown(whole: Trace) -> None:
    assert notes(whole).keys() <= {"event-between-pdl"}


def test_without_calls(whole: Trace) -> None:
    found = notes(without(whole, "calls", "syncs", "allocs"))
    assert {
        "synchronous-copy",
        "blocking-allocation",
        "host-synchronisation",
        "host-bound-gaps",
    } <= found.keys()
    assert all(text and text[0].islower() and not text.endswith(".") for text in found.values())


def test_without_kinds_of_streams(whole: Trace) -> None:
    assert "legacy-stream-barrier" in notes(without(whole, streams=("kind",)))


def test_without_correlation_ids(whole: Trace) -> None:
    assert "legacy-stream-barrier" in notes(without(whole, activities=("correlation",)))


def test_without_the_number_of_sms(whole: Trace) -> None:
    device = replace(whole.meta.devices[0], sm_count=None)
    found = notes(whole.replace(devices=(device,)))
    assert {"small-kernels", "stream-priority-inversion"} <= found.keys()


def test_without_grids(whole: Trace) -> None:
    assert "small-kernels" in notes(without(whole, activities=("grid",)))


def test_without_memory_kinds(whole: Trace) -> None:
    assert "pageable-copy" in notes(without(whole, activities=("src_kind", "dst_kind")))


def test_without_sizes_of_copies(whole: Trace) -> None:
    assert "small-copies" in notes(without(whole, activities=("bytes",)))


def test_lost_records_concern_every_finding(whole: Trace) -> None:
    found = diagnose(whole.replace(dropped=12)).unknown
    (lost,) = (note for note in found if note.code == "")
    assert lost.text.startswith("12 records were lost")
    assert diagnose(whole.replace(dropped=12)).only(["pageable-copy"]).unknown == (lost,)


def test_a_trace_of_activities_alone(whole: Trace) -> None:
    names = ("kind", "name", "start", "end", "device", "stream", "engine")
    bare = pa.Table.from_arrays(
        [
            column if name in names else pa.nulls(len(column), column.type)
            for name, column in zip(
                whole.activities.column_names, whole.activities.columns, strict=True
            )
        ],
        schema=TABLES["activities"],
    )
    found = diagnose(Trace.from_tables(Meta("import"), {"activities": bare}), least=0.0)
    assert len(found.unknown) >= 6


def test_an_empty_trace_has_no_findings() -> None:
    empty = Trace.from_tables(Meta("cupti"), {})
    assert findings(empty) == ()
    one = table("activities", {"kind": ["kernel"], "start": [5], "end": [5], "engine": ["SM"]})
    assert findings(Trace.from_tables(Meta("cupti"), {"activities": one})) == ()


def test_what_does_not_exist_is_refused(whole: Trace) -> None:
    with pytest.raises(UsageError, match="no activities on device 7"):
        findings(whole, device=7)
    with pytest.raises(UsageError, match="no repeat 3"):
        findings(whole, repeat=3)
    with pytest.raises(UsageError, match="least share"):
        diagnose(whole, least=-LEAST_SHARE)
    with pytest.raises(UsageError, match="ends before"):
        diagnose(whole, window=(5, 3))
