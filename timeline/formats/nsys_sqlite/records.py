"""Integers out of the rows of SQLite's leaf pages, a block of pages at a time.

A row is a varint of its payload's length, a varint of its rowid, and the payload: the length of the
record's header, a varint for each column that tells type and size (its *serial type*), then the
values, big-endian and as short as they may be
(https://www.sqlite.org/fileformat2.html, section 2.1). With NumPy the serial types of a block
become the places of its values, and one gather of eight bytes fetches a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from timeline.formats.nsys_sqlite.btree import Damaged, NotPlain, Pages, within

__all__ = ["Numbers", "integers"]

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_Values = tuple[Int64 | int, Mask | bool, Mask | bool]
"""Values of a block, or the one that all have; where they are null; where they are no integers."""

_BLOCK_BYTES = 1 << 20
"""Bytes of pages decoded at once: they stay in the processor's cache."""

_NULL, _REAL, _ZERO, _ONE, _RESERVED, _BLOB = 0, 7, 8, 9, 10, 12
_MORE = 0x80
_SIZES = np.array([0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0], np.uint8)
_SIZES_OF_BYTE = np.concatenate([_SIZES, (np.arange(12, 256) - 12) // 2]).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of integers.

    Attributes
    ----------
    values : numpy.ndarray of int64, shape (n,)
        0 where the value is null, or no integer.
    null : numpy.ndarray of bool, shape (n,), or None
        Where the value is null; None when nowhere.
    other : numpy.ndarray of bool, shape (n,), or None
        Where it is a real, a text or a blob; None when nowhere.
    """

    values: Int64
    null: Mask | None = None
    other: Mask | None = None


class _Column:
    """A column as it fills up; one that holds the same number throughout takes no memory."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._same = 0
        self._values: Int64 | None = None
        self._null = _Mask(rows)
        self._other = _Mask(rows)

    def put(self, at: slice, values: Int64 | int, null: Mask | bool, other: Mask | bool) -> None:
        if not isinstance(values, int) and bool((values == values[0]).all()):
            values = int(values[0])
        if self._values is None and at.start == 0 and isinstance(values, int):
            self._same = values
        elif self._values is None and not (isinstance(values, int) and values == self._same):
            self._values = np.empty(self._rows, np.int64)
            self._values[: at.start] = self._same
        if self._values is not None:
            self._values[at] = values
        self._null.put(at, null)
        self._other.put(at, other)

    def done(self) -> Numbers:
        values = self._values
        if values is None:
            values = np.broadcast_to(np.int64(self._same), self._rows)
        return Numbers(values, self._null.mask, self._other.mask)


class _Mask:
    """Flags as they fill up; None as long as none is set."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.mask: Mask | None = None

    def put(self, at: slice, flags: Mask | bool) -> None:
        if flags is False:
            return
        if self.mask is None:
            self.mask = np.zeros(self._rows, np.bool_)
        self.mask[at] = flags


def integers(pages: Pages, root: int, columns: int, wanted: Sequence[int]) -> list[Numbers]:
    """Columns of a rowid table whose values are integers.

    Parameters
    ----------
    root : int
        The table's root page.
    columns : int
        How many columns the table has.
    wanted : sequence of int
        Which of them, by their place in it.

    Raises
    ------
    NotPlain
        When rows spill over into other pages, or lack columns that were added later.
    Damaged, IndexError
        When the bytes are none that SQLite writes; IndexError is NumPy's.
    """
    leaves = pages.leaves(root)
    found = [_Column(int(pages.row_counts(leaves).sum())) for _ in wanted]
    step, done = max(1, _BLOCK_BYTES // pages.size), 0
    for first in range(0, len(leaves), step):
        cells, _ = pages.cells(leaves[first : first + step])
        if len(cells):
            block = _Block(pages, cells, columns)
            at = slice(done, done + len(cells))
            for place, column in block.columns(wanted):
                found[place].put(at, *column)
            done = at.stop
    return [column.done() for column in found]


class _Block:
    """The rows of a few pages."""

    def __init__(self, pages: Pages, cells: Int64, columns: int) -> None:
        self._pages, self._data = pages, pages.data
        payload, start = self._varint(cells)
        if not within(payload, 1, pages.usable - 35):
            raise NotPlain  # with overflow pages
        self._header = self._skip_varint(start)
        self._end = self._header + payload
        if int(self._end.max()) > len(self._data):
            raise Damaged("a row that is cut off")
        self._types, self._values = self._serial_types(columns)

    def _varint(self, at: Int64) -> tuple[Int64, Int64]:
        """Numbers of up to three bytes, and where they end."""
        byte = self._data[at].astype(np.int64)
        at, value = at + 1, byte & 0x7F
        for _ in range(2):
            more = np.flatnonzero(byte & _MORE)
            if not more.size:
                return value, at
            following = self._data[at[more]].astype(np.int64)
            value[more] = value[more] << 7 | following & 0x7F
            at[more] += 1
            byte = np.zeros_like(byte)
            byte[more] = following
        if (byte & _MORE).any():
            raise NotPlain
        return value, at

    def _skip_varint(self, at: Int64) -> Int64:
        """Where a number of up to nine bytes ends."""
        end = at + 1
        more = np.flatnonzero(self._data[at] & _MORE)
        for _ in range(8):
            if not more.size:
                break
            following = self._data[end[more]]
            end[more] += 1
            more = more[(following & _MORE) != 0]
        return end

    def _serial_types(self, columns: int) -> tuple[Array, Int64]:
        """The serial types, a row a column, and where the values begin."""
        size, first = self._varint(self._header)
        values = self._header + size
        if not within(values - self._end, -len(self._data), 0):
            raise Damaged("a row with a header longer than itself")
        if bool((size == columns + 1).all()):
            whole: Array = np.ndarray(
                (len(self._data) - columns + 1,), f"V{columns}", self._data, strides=(1,)
            )
            rows = whole[first].view(np.uint8).reshape(-1, columns)
            if not (rows & _MORE).any():
                return np.ascontiguousarray(rows.T), values
        return self._long_types(columns, first, values), values

    def _long_types(self, columns: int, at: Int64, values: Int64) -> Array:
        """As :meth:`_serial_types`, where some take more than one byte."""
        types = np.empty((columns, len(at)), np.int32)
        for row in types:
            if bool((at >= values).any()):
                raise NotPlain  # columns that were added later have no serial type
            row[:], at = self._varint(at)
        if bool((at != values).any()):
            raise Damaged("a row with more columns than its table")
        return types

    def columns(self, wanted: Sequence[int]) -> Iterator[tuple[int, _Values]]:
        """Each wanted column: its place in ``wanted``, and its values.

        Columns of one type each, throughout the block, lie equally far apart in all its rows: their
        bytes are fetched together.
        """
        eight: Array = np.ndarray((len(self._data) - 7,), ">i8", self._data, strides=(1,))
        begin, run, length = self._values, list[_Fixed](), 0
        for column in range(max(wanted) + 1):
            types = self._types[column]
            first = int(types[0])
            places = [place for place, one in enumerate(wanted) if one == column]
            if bool((types == first).all()):
                length += _size(first)
                run += [_Fixed(place, first, length) for place in places]
                continue
            yield from self._run(begin, run, length)
            begin, run, length = begin + (length + _sizes(types)), [], 0
            for place in places:
                yield place, _mixed(eight, types, begin)
        yield from self._run(begin, run, length)

    def _run(
        self, begin: Int64, run: Sequence[_Fixed], length: int
    ) -> Iterator[tuple[int, _Values]]:
        """Columns of one type each; ``begin`` is where the first value of each row starts."""
        if bool((begin + length > self._end).any()):
            raise Damaged("a value outside of its row")
        numbers = [one for one in run if _NULL < one.kind < _REAL]
        for place, kind, _ in run:
            if not _NULL < kind < _REAL:
                yield place, _constant(kind)
        if not numbers:
            return
        low = numbers[0].end - 8
        size = numbers[-1].end - low
        anywhere: Array = np.ndarray(
            (len(self._data) - size + 1,), f"V{size}", self._data, strides=(1,)
        )
        rows = anywhere[begin + low].view(np.uint8)
        for place, kind, end in numbers:
            eight: Array = np.ndarray((len(begin),), ">i8", rows, end - 8 - low, (size,))
            yield place, (_shortened(eight, kind), False, False)


class _Fixed(NamedTuple):
    """A column of one type: its place among those wanted, the type, and where its values end."""

    place: int
    kind: int
    end: int


def _size(kind: int) -> int:
    return int(_SIZES[kind]) if kind < _BLOB else (kind - _BLOB) // 2


def _sizes(types: Array) -> Array:
    if types.dtype == np.uint8:
        return _SIZES_OF_BYTE[types]
    return np.where(types < _BLOB, _SIZES[np.minimum(types, 11)], (types - _BLOB) // 2)


def _constant(kind: int) -> _Values:
    """What all values of a type are that takes no bytes, or holds no integer."""
    if kind in (_RESERVED, _RESERVED + 1):
        raise Damaged("a value of a type that SQLite does not have")
    return int(kind == _ONE), kind == _NULL, kind == _REAL or kind >= _BLOB


def _shortened(eight: Array, kind: int) -> Int64:
    """Integers of a type out of the eight bytes that each ends."""
    shift = 64 - 8 * _size(kind)
    values = eight.astype(np.int64)
    if shift:
        values <<= shift
        values >>= shift
    return values


def _same(eight: Array, kind: int, ends: Int64) -> _Values:
    """Values of one type that end at ``ends``; ``eight`` is the file as 8-byte numbers."""
    if _NULL < kind < _REAL:
        return _shortened(eight[ends - 8], kind), False, False
    return _constant(kind)


def _mixed(eight: Array, types: Array, ends: Int64) -> _Values:
    """Values of several types."""
    values = np.zeros(len(ends), np.int64)
    null: Mask | bool = False
    other: Mask | bool = False
    for kind in np.flatnonzero(np.bincount(np.minimum(types, _BLOB))).tolist():
        mine = types >= _BLOB if kind == _BLOB else types == kind
        rows = np.flatnonzero(mine)
        values[rows], is_null, is_other = _same(eight, kind, ends[rows])
        null = mine if is_null else null
        other = other | mine if is_other else other
    return values, null, other
