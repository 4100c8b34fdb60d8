"""Reading the fields of many protobuf messages at once.

Each round takes the next field of every message that has one left, so that a file of a million
messages of ten fields takes ten rounds of NumPy. Eight bytes are fetched at a time; the two bytes
more that the longest varints have are fetched where they are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["LENGTH", "PAD", "Fields", "Spans", "fields", "varints"]

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

PAD = 32
"""Bytes that must lie behind the last message, of any value."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_LONGEST = 10


class Spans(NamedTuple):
    """Messages in a buffer: where each begins and ends, shape (n,)."""

    starts: Int64
    ends: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """Fields of messages, in no order but that of a message's equal fields.

    Attributes
    ----------
    owners : numpy.ndarray of int64, shape (n,)
        Message that each is of.
    tags : numpy.ndarray of uint64, shape (n,)
        Number and wire type, as protobuf puts them together.
    values : numpy.ndarray of uint64, shape (n,)
        Of integers their value, of lengths the place of the first byte.
    ends : numpy.ndarray of int64, shape (n,)
        Place behind the last byte.
    damaged : numpy.ndarray of int64
        Messages that are no protobuf from some place on; fields before that are kept.
    """

    owners: Int64
    tags: UInt64
    values: UInt64
    ends: Int64
    damaged: Int64

    def of(self, number: int, wire: int) -> Int64:
        """Places of the fields of one number and wire type, by owner."""
        found = np.flatnonzero(self.tags == np.uint64(number << 3 | wire))
        owners = self.owners[found]
        if not (owners[1:] < owners[:-1]).any():
            return found
        return found[np.argsort(owners, kind="stable")]

    def integers(self, number: int) -> tuple[Int64, UInt64]:
        """Owners and values of an integer field."""
        found = self.of(number, VARINT)
        return self.owners[found], self.values[found]

    def messages(self, number: int) -> tuple[Int64, Spans]:
        """Owners and spans of a field that has a length."""
        found = self.of(number, LENGTH)
        return self.owners[found], Spans(self.values[found].view(np.int64), self.ends[found])


def fields(buffer: UInt8, spans: Spans) -> Fields:
    """Every field of the messages at ``spans``; ``buffer`` has :data:`PAD` bytes behind them."""
    owners = np.arange(len(spans.starts))
    place, limit = spans.starts, spans.ends
    found: list[tuple[Int64, UInt64, UInt64, Int64]] = []
    damaged: list[Int64] = [np.zeros(0, np.int64)]
    while True:
        left = place < limit
        if not left.all():
            owners, place, limit = owners[left], place[left], limit[left]
        if not len(owners):
            break
        tags, values, behind, sound = _next(buffer, place)
        sound &= behind <= limit
        if not sound.all():
            damaged.append(owners[~sound])
            owners, limit, behind = owners[sound], limit[sound], behind[sound]
            tags, values = tags[sound], values[sound]
        found.append((owners, tags, values, behind))
        place = behind
    if not found:
        empty = np.zeros(0, np.int64)
        return Fields(empty, empty.view("u8"), empty.view("u8"), empty, np.concatenate(damaged))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    return Fields(columns[0], columns[1], columns[2], columns[3], np.concatenate(damaged))


def _next(buffer: UInt8, place: Int64) -> tuple[UInt64, UInt64, Int64, Mask]:
    """Tag and value of the field at each place, the place behind it, and whether it is one.

    Notes
    -----
    Most fields have a tag of one or two bytes and a value that ends within the same eight bytes;
    the others are read in two steps.
    """
    words = _words(buffer)[place]
    two = (words & _ONE_MORE) != 0
    tags = words & np.uint64(0x7F)
    rest, width = words >> np.uint64(8), 1
    if two.any():
        further = (words >> np.uint64(8)) & np.uint64(0x7F)
        tags = np.where(two, tags | further << np.uint64(7), tags)
        rest = np.where(two, words >> np.uint64(16), rest)
        width = two + 1
    values, length = _decoded(rest)
    behind = place + width + length
    # Bytes that were shifted in are zero and would end a number too early.
    known = behind <= place + 8
    long = np.flatnonzero(~known | (two & ((words & _TWO_MORE) != 0)))
    sound = np.ones(len(place), np.bool_)
    if len(long):
        whole, after, first = varints(buffer, place[long])
        tags[long] = whole
        values[long], behind[long], second = varints(buffer, after)
        sound[long] = first & second
    wires = tags & np.uint64(7)
    plain = wires == VARINT
    if not plain.all():
        start = behind - length
        if len(long):
            start[long] = after
        values, behind, fine = _other(buffer, wires, start, values, behind)
        sound = (sound | (wires == FIXED64) | (wires == FIXED32)) & fine
    return tags, values, behind, sound & (tags >= 8) & (tags < 1 << 32)


def _other(
    buffer: UInt8, wires: UInt64, start: Int64, values: UInt64, behind: Int64
) -> tuple[UInt64, Int64, Mask]:
    """Lengths and fixed integers in the place of varints, and whether the wire type is known."""
    lengths = wires == LENGTH
    fine = lengths | (wires == VARINT)
    if lengths.any():
        fine &= ~lengths | (values < np.uint64(len(buffer)))
        after = behind + np.where(fine & lengths, values, 0).view(np.int64)
        values = np.where(lengths, behind.view(np.uint64), values)
        behind = after
    if not fine.all():
        for wire, width in ((FIXED64, 8), (FIXED32, 4)):
            fixed = wires == wire
            if fixed.any():
                words = _words(buffer)[start] & np.uint64(2 ** (8 * width) - 1)
                values = np.where(fixed, words, values)
                behind = np.where(fixed, start + width, behind)
                fine |= fixed
    return values, behind, fine


def _words(buffer: UInt8) -> UInt64:
    """The eight bytes at each place as one little-endian number."""
    return np.ndarray((len(buffer) - 7,), "<u8", buffer, strides=(1,))


_ONE_MORE, _TWO_MORE = np.uint64(0x80), np.uint64(0x8000)
_HIGH = np.uint64(0x8080808080808080)
_GROUPS = tuple(
    (np.uint64(mask), np.uint64(shift))
    for mask, shift in (
        (0x7F007F007F007F00, 1),
        (0x3FFF00003FFF0000, 2),
        (0x0FFFFFFF00000000, 4),
    )
)


def varints(buffer: UInt8, place: Int64) -> tuple[UInt64, Int64, Mask]:
    """The varint at each place, the place behind it, and whether it is one."""
    words = _words(buffer)[np.minimum(place, len(buffer) - 8)]
    values, length = _decoded(words)
    sound = place < len(buffer) - _LONGEST
    long = np.flatnonzero(((~words & _HIGH) == 0) & sound)
    if len(long):
        _finish(buffer, place, long, values, length, sound)
    return values, place + length, sound


def _decoded(words: UInt64) -> tuple[UInt64, Int64]:
    """The varints at the lower end of words, and their lengths; at most eight bytes.

    Most are a single byte; only the others are taken apart.
    """
    values, length = words & np.uint64(0x7F), np.ones(len(words), np.int64)
    more = np.flatnonzero(words & np.uint64(0x80))
    if len(more):
        values[more], length[more] = _put_together(words[more])
    return values, length


def _put_together(words: UInt64) -> tuple[UInt64, Int64]:
    """Varints of several bytes, and their lengths.

    Notes
    -----
    The lowest byte without its top bit ends the number. Seven bits of each byte before are then
    moved together: pairs of bytes, pairs of pairs, and halves.
    """
    stops = ~words & _HIGH
    lowest = stops & (~stops + np.uint64(1))  # 0 where all eight bytes go on
    kept = words & ((lowest << np.uint64(1)) - np.uint64(1)) & ~_HIGH
    for mask, shift in _GROUPS:
        high = kept & mask
        if high.any():  # others are shorter
            kept = (kept ^ high) | (high >> shift)
    return kept, (_log2(lowest) >> 3) + 1


def _log2(powers: UInt64) -> Int64:
    """Of powers of two the exponent, exact as they are exact as floats; of 0 what is of no use."""
    bits = powers.astype(np.float64).view(np.int64)
    found: Int64 = np.maximum((bits >> 52) - 1023, 0)
    return found


def _finish(
    buffer: UInt8, place: Int64, long: Int64, values: UInt64, length: Int64, sound: Mask
) -> None:
    """The ninth and tenth byte of the numbers that have them, in place."""
    ninth, tenth = buffer[place[long] + 8], buffer[place[long] + 9]
    more = ninth >= 0x80
    values[long] |= (ninth.astype(np.uint64) & np.uint64(0x7F)) << np.uint64(56)
    values[long[more]] |= tenth[more].astype(np.uint64) << np.uint64(63)
    length[long] = 9 + more
    sound[long] &= ~more | (tenth < 0x80)
