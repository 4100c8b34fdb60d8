"""Protobuf whose fields are changed one by one, the lengths around them kept right."""

from __future__ import annotations

from random import Random

from tools.fuzzing.octets import changed, integer, often

__all__ = ["Protobuf", "varint"]

_LENGTH = 2
_WIDTHS = {1: 8, 5: 4}
_Field = tuple[int, int, int, tuple[tuple[int, int, int], ...]]
"""Where a field, its value and what follows begin, and the messages around it, outermost first."""


def varint(value: int) -> bytes:
    """``value`` as protobuf writes it."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


class Protobuf:
    """See :class:`tools.fuzzing.octets.Seed`."""

    def __init__(self, content: bytes, others: tuple[bytes, ...] = ()) -> None:
        self.content = content
        self._others = others or (content,)
        self._fields = _fields(content, 0, len(content), ())

    def mutated(self, rng: Random) -> bytes:
        """Mostly a message with one field changed, now and then with bytes changed too."""
        data = self._field_changed(rng) if rng.random() < 0.7 else self.content
        if data is self.content or rng.random() < 0.15:
            for _ in range(often(rng)):
                data = changed(data, rng, self._others)
        return data

    def _field_changed(self, rng: Random) -> bytes:
        start, value, end, around = rng.choice(self._fields)
        piece = self._instead(rng, start, value, end)
        whole = self.content
        for outer, inner, last in reversed(around):
            content = whole[inner:start] + piece + whole[end:last]
            tag = whole[outer : _behind_varint(whole, outer)]
            length = len(content) if rng.random() < 0.97 else integer(rng)
            piece, start, end = tag + varint(length) + content, outer, last
        return whole[:start] + piece + whole[end:]

    def _instead(self, rng: Random, start: int, value: int, end: int) -> bytes:
        whole, kind = self.content, rng.randrange(7)
        there = whole[start:end]
        tag = whole[start : _behind_varint(whole, start)]
        if kind == 0:
            return there * 2
        if kind == 1:
            return b""
        if kind == 2:
            other = rng.choice(self._fields)
            return whole[other[0] : other[2]]
        if kind == 3:
            return varint(integer(rng) << 3 & 2**64 - 1 | rng.randrange(8)) + there[len(tag) :]
        wire = tag[0] & 7
        if wire == 0:
            return tag + varint(integer(rng))
        if wire in _WIDTHS:
            return tag + (integer(rng) % (1 << 8 * _WIDTHS[wire])).to_bytes(_WIDTHS[wire], "little")
        content = changed(whole[value:end], rng, self._others)
        return tag + varint(len(content)) + content


def _behind_varint(data: bytes, place: int) -> int:
    while data[place] >= 0x80:
        place += 1
    return place + 1


def _read(data: bytes, place: int, end: int) -> tuple[int, int] | None:
    value, shift = 0, 0
    while place < end and shift < 70:
        value |= (data[place] & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if data[place - 1] < 0x80:
            return value, place
    return None


def _fields(
    data: bytes, place: int, end: int, around: tuple[tuple[int, int, int], ...]
) -> list[_Field]:
    """All fields of a message and of those in it; none if it is no message."""
    found: list[_Field] = []
    while place < end:
        tag = _read(data, place, end)
        if tag is None or not tag[0] >> 3:
            return []
        wire, value = tag[0] & 7, tag[1]
        if wire == _LENGTH:
            length = _read(data, value, end)
            if length is None or length[1] + length[0] > end:
                return []
            value, last = length[1], length[1] + length[0]
            found += _fields(data, value, last, (*around, (place, value, last)))
        elif wire in _WIDTHS:
            last = value + _WIDTHS[wire]
        else:
            number = _read(data, value, end) if not wire else None
            if number is None:
                return []
            last = number[1]
        if last > end:
            return []
        found.append((place, value, last, around))
        place = last
    return found
