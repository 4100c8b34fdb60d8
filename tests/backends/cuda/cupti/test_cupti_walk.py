from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.backends.cuda.cupti.layouts import known_versions, layout_for
from timeline.backends.cuda.cupti.walk import RecordSizes, split
from timeline.errors import CuptiError

KERNEL, RUNTIME, SYNC, MARKER, FOREIGN = 10, 5, 38, 12, 77


def found(writer: Any, layout: Any, records: Any, sizes: RecordSizes | None = None) -> Any:
    buffer = writer.buffer(records)
    sizes = sizes or RecordSizes(layout.sizes)
    return split(buffer, sizes, layout.records, writer.following(buffer))


kinds = st.sampled_from([KERNEL, RUNTIME, SYNC, MARKER])
runs = st.lists(st.tuples(kinds, st.integers(1, 40)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    runs=runs,
    version=st.sampled_from(known_versions()),
    content=st.sampled_from([0, 1, KERNEL, RUNTIME]),  # words that look like the start of a record
    times=st.sampled_from([1, 40]),
)
def test_every_record_of_any_mix_is_found_in_order(
    runs: list[tuple[int, int]], version: int, content: int, times: int
) -> None:
    layout = layout_for(version)
    order = [kind for kind, count in runs for _ in range(count)] * times
    buffer = bytearray()
    for index, kind in enumerate(order):
        record = np.zeros(1, layout.records[kind])
        record.view(np.uint64)[:] = content
        record["kind"] = kind
        record["id" if kind == MARKER else "correlationId"] = index
        buffer += record.tobytes()
    raw = np.frombuffer(buffer, np.uint8)

    def following(offset: int) -> int | None:
        after = offset + layout.sizes[int(raw[offset])]
        return after if after < len(raw) else None

    records = split(raw, RecordSizes(layout.sizes), layout.records, following)
    for kind in set(order):
        expected = [index for index, other in enumerate(order) if other == kind]
        field = "id" if kind == MARKER else "correlationId"
        assert records[kind][field].tolist() == expected
    assert set(records) == set(order)


def test_longer_records_than_known_are_read_by_their_true_size(
    layout: Any, writer_with: Any
) -> None:
    writer = writer_with(layout, {KERNEL: 16, SYNC: 8})
    records = [(RUNTIME, {"cbid": 1}), (KERNEL, {"correlationId": 7}), (SYNC, {"type": 3})] * 30
    sizes = RecordSizes(layout.sizes)
    split_records = found(writer, layout, records, sizes)
    assert split_records[KERNEL]["correlationId"].tolist() == [7] * 30
    assert split_records[SYNC]["type"].tolist() == [3] * 30
    assert sizes.grown == {KERNEL, SYNC}


def test_kinds_that_nobody_asked_for_are_stepped_over(layout: Any, writer_with: Any) -> None:
    writer = writer_with(layout, {FOREIGN: 24})
    records = [(KERNEL, {"start": 5}), (FOREIGN, {}), (FOREIGN, {}), (KERNEL, {"start": 6})]
    split_records = found(writer, layout, records)
    assert split_records[KERNEL]["start"].tolist() == [5, 6]
    assert FOREIGN not in split_records


def test_shorter_records_than_the_layout_are_refused(layout: Any, writer_with: Any) -> None:
    class Shorter(writer_with):  # type: ignore[misc]
        def _bytes(self, kind: int, fields: Any) -> bytes:
            data: bytes = super()._bytes(kind, fields)
            return data[:-8]

    writer = Shorter(layout, {KERNEL: -8})
    with pytest.raises(CuptiError, match="208 bytes instead of 216"):
        found(writer, layout, [(KERNEL, {}), (KERNEL, {})])


def test_rubbish_is_refused_with_its_place(layout: Any) -> None:
    rubbish = np.full(256, 0xFF, np.uint8)
    with pytest.raises(CuptiError, match="kind 4294967295 at byte 0"):
        split(rubbish, RecordSizes(layout.sizes), layout.records, lambda _: None)


def test_a_truncated_last_record_is_refused(layout: Any, writer: Any) -> None:
    buffer = writer.buffer([(SYNC, {}), (KERNEL, {})])[:-8]
    with pytest.raises(CuptiError, match="can't be read"):
        split(buffer, RecordSizes(layout.sizes), layout.records, writer.following(buffer))


def test_records_do_not_change_when_the_buffer_is_used_again(layout: Any, writer: Any) -> None:
    buffer = writer.buffer([(KERNEL, {"start": 5, "grid": (1, 2, 3)})]).copy()
    records = split(buffer, RecordSizes(layout.sizes), layout.records, writer.following(buffer))
    buffer[:] = 0
    assert records[KERNEL]["start"].tolist() == [5]
    assert records[KERNEL]["grid"].tolist() == [[1, 2, 3]]
