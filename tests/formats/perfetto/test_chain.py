"""Packets found in leaps are those that are found one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from timeline.formats.perfetto.chain import _one_by_one, split

SIZES = st.sampled_from([0, 1, 5, 10, 127, 128, 300, 2000])
FILLS = st.lists(st.sampled_from([0x0A, 0, 1, 200, 3]), min_size=1, max_size=7)


def varint(number: int) -> bytes:
    found = b""
    while number >= 0x80:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


@st.composite
def stretches(draw: st.DrawFn) -> bytes:
    """Packets whose contents look like packets, perhaps cut off or with a byte that is wrong."""
    packets = draw(st.lists(st.tuples(SIZES, FILLS), max_size=60))
    found = bytearray()
    for size, fill in packets:
        found += b"\x0a" + varint(size) + (bytes(fill) * size)[:size]
    if found and draw(st.booleans()):
        del found[draw(st.integers(0, len(found) - 1)) :]
    if found and draw(st.booleans()):
        found[draw(st.integers(0, len(found) - 1))] = draw(st.integers(0, 255))
    return bytes(found)


@given(stretches(), st.sampled_from([0, 40]))
def test_packets_are_those_of_a_walk(stretch: bytes, behind: int) -> None:
    data = bytearray(stretch + bytes(behind))
    packets, place, wrong = split(data, len(stretch))
    bounds, last, what = _one_by_one(data, 0, len(stretch))
    assert packets.starts.tolist() == bounds[::2]
    assert packets.ends.tolist() == bounds[1::2]
    assert (place, wrong) == (last, what)


def test_nothing_else_is_a_packet() -> None:
    packets, place, wrong = split(bytearray(b"\x12" * 100), 100)
    assert (len(packets.starts), place, wrong) == (0, 0, "what is no packet")
