"""Events that differ only in their name and numbers, read many at a time.

PyTorch's Kineto writes each event on the same lines, with the same keys in the same order. So one
event that was read plainly gives a *shape*: the bytes that all its like share, with holes for the
name and for every run of digits. To match a shape is to compare all those bytes, at all candidates
at once; an event that matches is the one that the shape was made of, with other numbers. One that
matches none is read plainly, and may give the next shape.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.kineto.categories import COLLECTIVE, INTEGERS, LISTS
from timeline.formats.kineto.digits import WIDTH, UInt64, count_digits, digits, gather
from timeline.formats.kineto.event import NARROW, Row

__all__ = ["Found", "Shape", "shape_of"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_BYTES = 4000
LIKE_ENOUGH = 8
_TIMES = (("ts",), ("dur",))
MOST_DIGITS = 18
MOST_INT32_DIGITS = 9
MOST_TIME_DIGITS = 16
LATEST_US = 4_000_000_000_000_000
"""Times of Unix have 16 digits until 2286, of which 64 bits of ns hold those until 2262."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[{}\[\]:,]')
_NAME = re.compile(rb'"name": "((?:[^"\\\n]|\\.)*)"[^\n]*\n')
_LANES = re.compile(rb'"(?:, "(?:pid|tid)": (?:-?\d+|"[^"\\\n]*"))*, *\n')
_ARGS = b'"args": {'
_NVTX = b'"cat": "nvtx"'
TOLD = {"stream"}
"""Columns of a plain range that its arguments tell; where there are none, nobody looks at them."""


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates that match: which ones, the spans of their names, and what the holes hold."""

    rows: Int64
    name_starts: Int64
    name_ends: Int64
    columns: dict[str, Any]


class Literal:
    """Bytes to compare with, at many places at once.

    Attributes
    ----------
    words : int
        Words that hold them; they end with the last one.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.words = -(-len(text) // WIDTH)
        self._lead = self.words * WIDTH - len(text)
        padded = bytes(self._lead) + text
        self._wanted = np.frombuffer(padded, np.dtype("<u8"))
        self._mask = np.uint64((1 << 64) - (1 << 8 * self._lead))

    def __len__(self) -> int:
        return len(self.text)

    def places(self, cursor: Int64) -> Int64:
        """Where to gather the words for places where the bytes should begin."""
        return cursor - self._lead

    def equals(self, words: UInt64) -> Mask:
        """Whether the words, which are gathered from :meth:`places`, hold the bytes."""
        if not self.words:
            return np.ones(len(words), np.bool_)
        same: Mask = (words[:, 0] & self._mask) == self._wanted[0]
        for word in range(1, self.words):
            same &= words[:, word] == self._wanted[word]
        return same


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes, then a run of digits.

    Attributes
    ----------
    field : str
        What the digits are; "" for what nobody needs.
    words : int
        Words to look at for the digits.
    most : int
        Digits that the field takes.
    """

    literal: Literal
    field: str
    words: int
    most: int


@dataclass(slots=True)
class Shape:
    """The bytes that events of one form share.

    Attributes
    ----------
    prefix, suffix : Literal
        Up to the name, and its line from the name's end on; both with the quote.
    line : int
        Lines before that of the name.
    parts : list of Part
        What follows.
    tail : Literal
        After the last digits; ends the event unless ``open_end``.
    row : Row
        Of the event that it was made of; the fields replace its columns.
    """

    prefix: Literal
    suffix: Literal
    line: int
    parts: list[Part]
    tail: Literal
    open_end: bool
    row: Row
    hits: int = 0

    def match(self, data: bytearray, starts: Int64, line_ends: Int64, ends: Int64) -> Found:
        """Find the candidates that have this shape.

        Parameters
        ----------
        starts, ends : numpy.ndarray of int64, shape (n,)
            Where candidates start and end, places of ``data``.
        line_ends : numpy.ndarray of int64, shape (n,)
            The newline after the name.
        """
        name_starts = starts + len(self.prefix)
        name_ends = line_ends + (1 - len(self.suffix))
        rows = np.flatnonzero(name_ends >= name_starts)
        for literal, places in ((self.prefix, starts), (self.suffix, name_ends)):
            rows = rows[_same(literal, data, places[rows])]
        cursor = line_ends[rows] + 1
        holes: dict[str, tuple[UInt64, Int64]] = {}
        for part in self.parts:
            literal = part.literal
            words = gather(data, literal.places(cursor), literal.words + part.words)
            fits = literal.equals(words)
            if part.field:
                value, count = digits(words[:, literal.words :])
            else:
                count = count_digits(words[:, literal.words :])
            fits &= (count > 0) & (count <= part.most)
            if part.most >= MOST_TIME_DIGITS and part.field in ("ts", "dur"):
                fits &= value < LATEST_US
            cursor = cursor + (count + len(literal))
            if not fits.all():
                rows, cursor = rows[fits], cursor[fits]
                holes = {key: (v[fits], c[fits]) for key, (v, c) in holes.items()}
                if part.field:
                    value, count = value[fits], count[fits]
            if part.field:
                holes[part.field] = value, count
        fits = _same(self.tail, data, cursor)
        if not self.open_end:
            fits &= cursor + len(self.tail) == ends[rows]
        if not fits.all():
            rows, holes = rows[fits], {k: (v[fits], c[fits]) for k, (v, c) in holes.items()}
        self.hits += len(rows)
        return Found(rows, name_starts[rows], name_ends[rows], _columns(holes))


def _same(literal: Literal, data: bytearray, cursor: Int64) -> Mask:
    return literal.equals(gather(data, literal.places(cursor), literal.words))


def _most_digits(name: str) -> int:
    if not name:
        return 24
    if name.endswith(".fraction"):
        return 3
    if name in ("ts", "dur"):
        return MOST_TIME_DIGITS
    narrow = name.partition(".")[2].isdigit() or name.removeprefix("collective.") in NARROW
    return MOST_INT32_DIGITS if narrow else MOST_DIGITS


def _columns(holes: dict[str, tuple[UInt64, Int64]]) -> dict[str, Any]:
    """The columns that the holes hold; times in ns, exact."""
    found: dict[str, Any] = {}
    start, lasts = _times(holes, "ts"), _times(holes, "dur")
    found["start"], found["end"] = start, start + lasts
    for name, (value, _) in holes.items():
        if not name.startswith(("ts", "dur")):
            found[name] = value.astype(np.int64)
    return found


_TO_NS = np.array([1000, 100, 10, 1], np.uint64)


def _times(holes: dict[str, tuple[UInt64, Int64]], name: str) -> Int64:
    """Microseconds with up to three digits after the point, as integer ns."""
    ns = holes[name][0] * np.uint64(1000)
    if f"{name}.fraction" in holes:
        value, count = holes[f"{name}.fraction"]
        ns = ns + value * _TO_NS[count]
    return ns.astype(np.int64)


def shape_of(text: bytes, row: Row, others: Sequence[bytes] = ()) -> Shape | None:
    """The shape of an event on lines of its own; None if it has a form that shapes can't tell.

    Parameters
    ----------
    text : bytes
        From the first byte of its first line to the last of its last.
    row : Row
        What :func:`timeline.formats.kineto.event.row_of` made of it.
    others : sequence of bytes
        Some more events. Digits that are the same in all of them that have this form, such as those
        of the context, are taken for bytes that all share.
    """
    name = _NAME.search(text)
    if (
        len(text) > MOST_BYTES
        or name is None
        or not _LANES.fullmatch(text, name.end(1), name.end())
    ):
        return None
    plain_range = row.table == "ranges" and _NVTX not in text[: name.start(1)]
    open_end = plain_range and not TOLD & row.columns.keys() and row.collective is None
    stop = len(text)
    if open_end:
        args = text.find(_ARGS, name.end())
        if args < 0:
            return None
        stop = args + len(_ARGS)
    parts: list[Part] = []
    begun = name.end()
    fixed = _fixed(text, others)
    for start, end, path in _numbers(text, name.end(), stop):
        holes = _holes(text[start:end], _field(path, row))
        if holes is None:
            return None
        for offset, length, field_name in holes:
            if start + offset in fixed and path not in _TIMES:
                continue
            parts.append(_part(text[begun : start + offset], length, field_name))
            begun = start + offset + length
    if not {"ts", "dur"} <= {part.field for part in parts}:
        return None
    return Shape(
        prefix=Literal(text[: name.start(1)]),
        suffix=Literal(text[name.end(1) : name.end()]),
        line=text.count(b"\n", 0, name.start()),
        parts=parts,
        tail=Literal(text[begun:stop]),
        open_end=open_end,
        row=row,
    )


def _fixed(text: bytes, others: Sequence[bytes]) -> set[int]:
    """Where in ``text`` digits begin that are the same in the others of its form."""
    form, runs = _form(text)
    alike = [found for one in others for same, found in [_form(one)] if same == form]
    if len(alike) < LIKE_ENOUGH:
        return set()
    return {
        run.start()
        for number, run in enumerate(runs)
        if all(one[number][0] == run[0] for one in alike)
    }


def _form(text: bytes) -> tuple[bytes, list[re.Match[bytes]]]:
    """An event without its name and digits, and the digits."""
    name = _NAME.search(text)
    begin = name.end(1) if name else 0
    return _INTEGER.sub(b"0", text[begin:]), list(_INTEGER.finditer(text, begin))


def _part(literal: bytes, length: int, name: str) -> Part:
    words = 1 if length < WIDTH - 2 else 2 if length < WIDTH else 3  # others may have some more
    return Part(Literal(literal), name, words, min(_most_digits(name), words * WIDTH - 1))


def _numbers(text: bytes, start: int, stop: int) -> list[tuple[int, int, tuple[str, ...]]]:
    """Every number from ``start`` on, an event's object being open: its span and its path."""
    found = []
    path: list[str] = [""]
    lists = [False]
    for token in _TOKEN.finditer(text, start, stop):
        piece = token[0]
        first = piece[:1]
        if first in b"{[":
            path.append("0" if first == b"[" else "")
            lists.append(first == b"[")
        elif first in b"}]":
            if len(path) > 1:
                path.pop()
                lists.pop()
        elif first == b",":
            path[-1] = str(int(path[-1]) + 1) if lists[-1] else ""
        elif first == b'"':
            if not lists[-1] and not path[-1]:
                path[-1] = piece[1:-1].decode("latin-1")
        elif first != b":":
            found.append((token.start(), token.end(), tuple(path)))
    return found


def _field(path: tuple[str, ...], row: Row) -> str:
    """What a number is needed for; "" for nothing."""
    if path in _TIMES:
        return path[0]
    if path[0] != "args" or len(path) < 2:
        return ""
    key = path[1]
    if len(path) == 3 and row.table == "activities" and LISTS.get(key) in row.columns:
        return f"{LISTS[key]}.{path[2]}"
    if len(path) != 2:
        return ""
    if row.collective is not None and COLLECTIVE.get(key) in row.collective:
        return f"collective.{COLLECTIVE[key]}"
    column = INTEGERS[row.table].get(key, "")
    return column if column in row.columns else ""


_INTEGER = re.compile(rb"\d+")
_FIXED = re.compile(rb"(\d+)(?:\.(\d{1,3}))?")


def _holes(number: bytes, name: str) -> list[tuple[int, int, str]] | None:
    """Offset, length and field of each run of digits; None if the field can't be read so."""
    if name not in ("ts", "dur"):
        if name and not _INTEGER.fullmatch(number):
            return None
        return [(m.start(), len(m[0]), name) for m in _INTEGER.finditer(number)]
    match = _FIXED.fullmatch(number)
    if match is None:
        return None
    found = [(0, len(match[1]), name)]
    if match[2]:
        found.append((match.start(2), len(match[2]), f"{name}.fraction"))
    return found
