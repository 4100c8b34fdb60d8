"""The reader of many messages against the writer, and against protobuf's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeline.formats.perfetto.encoding import (
    Bytes,
    Fixed64,
    Message,
    Part,
    Varint,
    encoded,
    text,
    varint,
)
from timeline.formats.perfetto.wire import PAD, Spans, fields, varints

numbers = (
    st.integers(0, 2**64 - 1) | st.integers(0, 300) | st.sampled_from([2**k for k in range(64)])
)


def buffer(content: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(content + bytes(PAD), np.uint8)


@given(st.lists(numbers, min_size=1, max_size=30))
def test_varints_are_read_as_they_were_written(values: list[int]) -> None:
    raw = [varint(value) for value in values]
    ends = np.cumsum([len(one) for one in raw])
    found, after, sound = varints(buffer(b"".join(raw)), ends - [len(one) for one in raw])
    assert found.tolist() == values
    assert after.tolist() == ends.tolist()
    assert sound.all()


fixed = st.integers(0, 2**64 - 1)
field_numbers = st.integers(1, 15) | st.integers(16, 2047) | st.integers(2048, 2**28)
one_field = st.one_of(
    st.tuples(st.just(0), field_numbers, numbers),
    st.tuples(st.just(1), field_numbers, fixed),
    st.tuples(st.just(2), field_numbers, st.binary(max_size=20)),
    st.tuples(st.just(5), field_numbers, st.integers(0, 2**32 - 1)),
)


def raw_field(wire: int, number: int, value: Any) -> bytes:
    tag = varint(number << 3 | wire)
    if wire == 0:
        return tag + varint(value)
    if wire == 2:
        return tag + varint(len(value)) + bytes(value)
    return tag + int(value).to_bytes(8 if wire == 1 else 4, "little")


@given(st.lists(st.lists(one_field, max_size=6), min_size=1, max_size=6))
def test_fields_of_any_messages(messages: list[list[tuple[int, int, Any]]]) -> None:
    raw = [b"".join(raw_field(*one) for one in message) for message in messages]
    ends = np.cumsum([len(one) for one in raw])
    whole = buffer(b"".join(raw))
    found = fields(whole, Spans(ends - [len(one) for one in raw], ends))
    assert not len(found.damaged)
    read: list[list[tuple[int, int, Any]]] = [[] for _ in messages]
    for row in np.argsort(found.owners, kind="stable").tolist():
        wire, number = int(found.tags[row]) & 7, int(found.tags[row]) >> 3
        value: Any = int(found.values[row])
        if wire == 2:
            value = whole[value : found.ends[row]].tobytes()
        read[int(found.owners[row])].append((wire, number, value))
    assert read == messages


@given(st.lists(st.tuples(numbers, st.integers(-(2**63), 2**63 - 1), fixed), min_size=1))
def test_messages_of_one_form_are_protobuf(rows: list[tuple[int, int, int]]) -> None:
    """Padded varints are read back as what they stand for, by this reader."""
    unsigned, integers, eights = (
        np.array(column, kind)
        for column, kind in zip(
            zip(*rows, strict=True), (np.uint64, np.int64, np.uint64), strict=True
        )
    )
    inner: list[Part] = [Varint(1, integers), Fixed64(47, eights), Bytes(b"\x18\x05")]
    matrix = encoded([Varint(8, unsigned), Message(11, inner), text(500, "é")], len(rows))
    width = matrix.shape[1]
    starts = np.arange(len(rows)) * width
    whole = buffer(matrix.tobytes())
    found = fields(whole, Spans(starts, starts + width))
    assert not len(found.damaged)
    assert found.integers(8)[1].tolist() == unsigned.tolist()
    owners, spans = found.messages(11)
    assert owners.tolist() == list(range(len(rows)))
    within = fields(whole, spans)
    assert within.integers(1)[1].view(np.int64).tolist() == integers.tolist()
    assert within.values[within.of(47, 1)].tolist() == eights.tolist()
    assert set(within.integers(3)[1].tolist()) == {5}


@given(st.binary(max_size=40))
def test_any_bytes_end(content: bytes) -> None:
    found = fields(buffer(content), Spans(np.array([0]), np.array([len(content)])))
    assert (found.ends <= len(content)).all()
