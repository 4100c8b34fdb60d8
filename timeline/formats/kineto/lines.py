"""The fast reader: whole events of PyTorch's own layout, found by their lines.

A raw newline can't be inside a JSON text, so ``},`` and ``{`` on lines of their own, two spaces in,
are where one event ends and the next begins. Nothing is guessed: an event that matches no shape is
read plainly, and if one of a window can't be, the whole window is left to the plain reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.kineto.arguments import Unkept
from timeline.formats.kineto.digits import UInt64, gather
from timeline.formats.kineto.event import Row, UnsoundError, loads, row_of
from timeline.formats.kineto.plain_names import PlainNames
from timeline.formats.kineto.rows import Rows
from timeline.formats.kineto.shapes import Found, Shape, shape_of

__all__ = ["LineReader", "Lines"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CLOSES, OPENS = b"\n  },", b"\n  {\n"
_PHASE, _CATEGORY = 8, 27  # of an event that begins with BRACE
BRACE = b'  {\n    "ph": "X", "cat": "'
MOST_SHAPES = 64
LEARNED_AT_ONCE = 12
COMPARED = 100
_NEWLINE = 10


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


_COMPLETE = _word(BRACE[_PHASE : _PHASE + 8])
_FLOW_LINES = 4
_FLOW_WORDS = [_word(b'"ph": "' + phase) for phase in (b"s", b"f", b"t")]


@dataclass(frozen=True, slots=True)
class Lines:
    """Where events begin that follow another one, n of them.

    Attributes
    ----------
    newlines : numpy.ndarray of int64
        All newlines of the window.
    lines : numpy.ndarray of int64, shape (n,)
        Which of them precedes each event.
    begins : numpy.ndarray of int64, shape (n,)
        The first byte of each event's first line.
    end : int
        Where the window ends.
    """

    newlines: Int64
    lines: Int64
    begins: Int64
    end: int

    def after(self, place: int) -> Lines:
        """Without the first ``place`` events."""
        return Lines(self.newlines, self.lines[place:], self.begins[place:], self.end)


class LineReader:
    """Reads windows of a file; keeps the shapes that it has learned.

    Parameters
    ----------
    rows : Rows
        Takes the rows of events that match a shape.
    """

    def __init__(self, rows: Rows, unkept: Unkept) -> None:
        self._rows = rows
        self._unkept = unkept
        self._shapes: dict[int, list[Shape]] = {}
        self._read: list[tuple[Row, int, dict[str, Any]]] = []
        self._flows = 0
        self._plain = PlainNames()

    def lines(self, data: bytearray, start: int, end: int) -> Lines:
        """Find the events from ``start`` on, which may be an event's brace itself."""
        newlines = _newlines(data, max(data.rfind(b"\n", 0, start), 0), end)
        lines = np.flatnonzero(newlines[1:] - newlines[:-1] == len(OPENS) - 1)
        opening = _at(data, newlines[lines]) & _mask(len(OPENS))
        lines = lines[opening == _word(OPENS)]
        before = _at(data, np.maximum(newlines[lines] - len(CLOSES), 0))
        lines = lines[(before & _mask(len(CLOSES))) == _word(CLOSES)]
        return Lines(newlines, lines, newlines[lines] + 1, end)

    def read(self, data: bytearray, found: Lines) -> list[tuple[int, int]]:
        """Match all events but the last, which may go on after the window.

        What matched waits for :meth:`keep`.

        Returns
        -------
        list of (int, int)
            First and last byte of each event that matches no shape, to be read plainly.
        """
        starts = found.begins[:-1]
        phase = _at(data, starts + _PHASE)
        flow = np.logical_or.reduce([phase == word for word in _FLOW_WORDS])
        flow &= np.diff(found.lines) == _FLOW_LINES
        self._flows = int(flow.sum())
        self._read = []
        left = ~flow
        for shape, one, codes in self._matched(data, found, np.flatnonzero(phase == _COMPLETE)):
            good = codes >= 0
            if shape.open_end:
                good &= self._plain.holds(codes, partial(_event_at, data, found, one.rows))
            left[one.rows[good]] = False
            columns = {**one.columns, "name": codes}
            if not good.all():
                columns = {key: values[good] for key, values in columns.items()}
            self._read.append((shape.row, int(good.sum()), columns))
        rest = np.flatnonzero(left)
        return list(zip(starts[rest].tolist(), found.begins[rest + 1].tolist(), strict=True))

    def keep(self) -> int:
        """Take the rows that matched last; returns how many flow arrows were left aside."""
        for row, count, columns in self._read:
            if count:
                self._rows.add_many(row, count, columns)
        self._read = []
        return self._flows

    def _matched(
        self, data: bytearray, found: Lines, complete: Int64
    ) -> list[tuple[Shape, Found, Any]]:
        keys = _at(data, found.begins[complete] + _CATEGORY)
        matched: list[tuple[Shape, Found]] = []
        rest = complete
        known = list(self._shapes)
        while len(rest):
            key = known.pop() if known else int(keys[0])
            mine = keys == np.uint64(key)
            if mine.any():
                matched += self._of_category(key, data, found, rest[mine])
                rest, keys = rest[~mine], keys[~mine]
        return self._named(data, matched)

    def _of_category(
        self, key: int, data: bytearray, found: Lines, rest: Int64
    ) -> list[tuple[Shape, Found]]:
        """Match the events ``rest`` with the shapes of their category, learning new ones."""
        shapes = self._shapes.setdefault(key, [])
        matched: list[tuple[Shape, Found]] = []
        for known in shapes:
            rest = _hits(known, data, found, rest, matched)
        for _ in range(min(LEARNED_AT_ONCE, MOST_SHAPES - len(shapes))):
            if not len(rest):
                break
            few = rest[:: max(len(rest) // COMPARED, 1)]
            shape = self._learned(*(_event(data, found, one) for one in few.tolist()))
            left = len(rest)
            if shape is not None:
                rest = _hits(shape, data, found, rest, matched)
            if shape is not None and len(rest) < left:
                shapes.append(shape)
            else:
                rest = rest[1:]
        shapes.sort(key=lambda shape: -shape.hits)
        return matched

    def _learned(self, text: bytes, *others: bytes) -> Shape | None:
        try:
            event = loads(text.rstrip(b"\n ,").decode())
            row = row_of(event)
        except (UnsoundError, ValueError, RecursionError):
            return None
        if not isinstance(row, Row) or row.table == "syncs":
            return None  # what a synchronisation is follows from its name
        self._unkept.see(row.table, event.get("args"))
        return shape_of(text, row, others)

    def _named(
        self, data: bytearray, matched: list[tuple[Shape, Found]]
    ) -> list[tuple[Shape, Found, Any]]:
        """With the numbers of their names, which are looked up for all of them at once."""
        if not matched:
            return []
        starts = np.concatenate([one.name_starts for _, one in matched])
        ends = np.concatenate([one.name_ends for _, one in matched])
        order = np.argsort(starts, kind="stable")
        codes = np.empty(len(starts), np.int32)
        codes[order] = self._rows.names.codes(data, starts[order], ends[order])
        bounds = np.cumsum([len(one.rows) for _, one in matched])[:-1]
        pieces = np.split(codes, bounds)
        return [(*both, piece) for both, piece in zip(matched, pieces, strict=True)]


def _hits(
    shape: Shape,
    data: bytearray,
    found: Lines,
    rest: Int64,
    matched: list[tuple[Shape, Found]],
) -> Int64:
    """The events that do not match; those that do are added to ``matched``."""
    if not len(rest):
        return rest
    line = np.minimum(found.lines[rest] + shape.line + 1, len(found.newlines) - 1)
    ends = found.begins[rest + 1]
    one = shape.match(data, found.begins[rest], found.newlines[line], ends)
    if not len(one.rows):
        return rest
    hit = np.zeros(len(rest), np.bool_)
    hit[one.rows] = True
    matched.append((shape, Found(rest[hit], one.name_starts, one.name_ends, one.columns)))
    return rest[~hit]


def _event_at(data: bytearray, found: Lines, rows: Int64, place: int) -> bytes:
    return _event(data, found, int(rows[place]))


def _event(data: bytearray, found: Lines, number: int) -> bytes:
    return bytes(data[found.begins[number] : found.begins[number + 1]])


def _at(data: bytearray, places: Int64) -> UInt64:
    return gather(data, places, 1)[:, 0]


def _mask(length: int) -> np.uint64:
    return np.uint64((1 << 8 * length) - 1)


def _newlines(data: bytearray, start: int, end: int) -> Int64:
    """Places of all newlines."""
    return np.flatnonzero(np.frombuffer(data, np.uint8, end)[start:] == _NEWLINE) + start
