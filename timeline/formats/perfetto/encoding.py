"""Writing many protobuf messages of one form at once.

All messages of a call have the same fields, so they get the same length: each varint takes as many
bytes as the largest value of its column needs, the shorter ones are padded with continuation bits,
which every protobuf reader takes (up to ten bytes). The messages are then a matrix of bytes, which
NumPy fills column by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Bytes", "Fixed64", "Message", "Part", "Varint", "encoded", "text", "varint"]

UInt8 = npt.NDArray[np.uint8]
_VARINT, _FIXED64, _LENGTH = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Bytes:
    """The same bytes in every message."""

    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Varint:
    """An integer field; one value for all messages, or one for each."""

    number: int
    values: npt.NDArray[Any] | int


@dataclass(frozen=True, slots=True, eq=False)
class Fixed64:
    """A field of eight bytes."""

    number: int
    values: npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A message inside."""

    number: int
    parts: Sequence[Part]


Part = Bytes | Varint | Fixed64 | Message
_Piece = tuple[int, bytes | npt.NDArray[Any]]
"""Width and content: bytes, a column of varints, or one of fixed integers (float dtype)."""


def varint(value: int) -> bytes:
    """``value`` in as few bytes as possible; a negative one as the 64-bit number it is cut to."""
    value &= 2**64 - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def text(number: int, content: str | bytes) -> Bytes:
    """A field of text or bytes."""
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return Bytes(_tag(number, _LENGTH) + varint(len(raw)) + raw)


def encoded(parts: Sequence[Part], count: int = 1) -> UInt8:
    """``count`` messages one below the other, shape (count, bytes of each)."""
    pieces = _flat(parts)
    width = sum(piece[0] for piece in pieces)
    matrix = np.empty((count, width), np.uint8)
    place = 0
    for wide, content in pieces:
        if isinstance(content, bytes):
            matrix[:, place : place + wide] = np.frombuffer(content, np.uint8)
        elif content.dtype == np.dtype("<u8"):
            _fill(matrix[:, place : place + wide], content)
        else:
            matrix[:, place : place + wide] = content.reshape(-1, 8)
        place += wide
    return matrix


def _tag(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def _flat(parts: Sequence[Part]) -> list[_Piece]:
    """The pieces of a message, with neighbouring constants put together."""
    found: list[_Piece] = []
    for part in parts:
        for wide, content in _pieces(part):
            if isinstance(content, bytes) and found and isinstance(found[-1][1], bytes):
                content = found[-1][1] + content
                found[-1] = len(content), content
            else:
                found.append((wide, content))
    return found


def _pieces(part: Part) -> list[_Piece]:
    if isinstance(part, Bytes):
        return [_constant(part.content)]
    if isinstance(part, Message):
        inner = _flat(part.parts)
        length = sum(piece[0] for piece in inner)
        return [_constant(_tag(part.number, _LENGTH) + varint(length)), *inner]
    if isinstance(part, Fixed64):
        values = np.ascontiguousarray(part.values, "<u8").view(np.uint8)
        return [_constant(_tag(part.number, _FIXED64)), (8, values)]
    head = _tag(part.number, _VARINT)
    if isinstance(part.values, int):
        return [_constant(head + varint(part.values))]
    values = part.values.astype("<i8" if part.values.dtype.kind == "i" else "<u8").view("<u8")
    largest = int(values.max()) if len(values) else 0
    return [_constant(head), (len(varint(largest)), values)]


def _constant(content: bytes) -> _Piece:
    return len(content), content


def _fill(columns: UInt8, values: npt.NDArray[Any]) -> None:
    last = columns.shape[1] - 1
    for place in range(last + 1):
        group = values if not place else values >> np.uint64(7 * place)
        if place < last:
            columns[:, place] = (group & np.uint64(0x7F)).astype(np.uint8) | 0x80
        else:
            columns[:, place] = group & np.uint64(0x7F)
