"""The pages of a SQLite database that hold a table's rows.

A rowid table is a B-tree whose interior pages point to other pages and whose leaves hold the rows
(https://www.sqlite.org/fileformat2.html, section 1.6). All leaves lie equally deep, so a tree is
walked a level at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["HEADER_BYTES", "Damaged", "NotPlain", "Pages", "within"]

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]

HEADER_BYTES = 100
_INTERIOR, _LEAF = 5, 13
_INTERIOR_HEADER, _LEAF_HEADER = 12, 8
_DEEPEST = 20  # 4 children a page are the fewest: more than any file has


class Damaged(Exception):  # noqa: N818 - never leaves the package
    """Bytes that no SQLite would write."""


class NotPlain(Exception):  # noqa: N818
    """A table that is stored in another way than read here; SQLite itself must read it."""


class Pages:
    """The pages of a database file, mapped into memory and never written.

    Attributes
    ----------
    data : numpy.ndarray of uint8
        The whole file.
    usable : int
        Bytes of a page that hold content.
    """

    def __init__(self, path: Path) -> None:
        self.data: Array = np.asarray(np.memmap(path, np.uint8, mode="r"))
        if len(self.data) < HEADER_BYTES:
            raise Damaged("shorter than SQLite's header")
        size = int.from_bytes(self.data[16:18].tobytes(), "big")
        self.size = 65536 if size == 1 else size
        if self.size < 512 or self.size & (self.size - 1):
            raise Damaged(f"a page size of {size}")
        self.usable = self.size - int(self.data[20])
        self.count = len(self.data) // self.size
        self._halves: Array = _at_every_byte(self.data, ">u2")
        self._words: Array = _at_every_byte(self.data, ">u4")

    def leaves(self, root: int) -> Int64:
        """Where the leaves of the tree with this root page start in the file, in row order.

        Raises
        ------
        NotPlain
            When it is the tree of an index, or of a table without rowids.
        Damaged
            When its pages can't be those of a tree.
        """
        level = self._starts(np.array([root], np.int64))
        for _ in range(_DEEPEST):
            kinds = self.data[_headers(level)]
            if (kinds == _LEAF).all():
                return level
            if not (kinds == _INTERIOR).all():
                raise NotPlain
            level = self._starts(self._children(level))
        raise Damaged("a tree without an end")

    def _starts(self, numbers: Int64) -> Int64:
        if len(numbers) > self.count or not within(numbers, 1, self.count):
            raise Damaged("a page outside of the file")
        if len(np.unique(numbers)) < len(numbers):
            raise Damaged("a page that is in its table twice")
        return (numbers - 1) * self.size

    def _children(self, level: Int64) -> Int64:
        cells, counts = self.cells(level, _INTERIOR_HEADER)
        rightmost = np.cumsum(counts + 1) - 1
        children = np.empty(len(cells) + len(level), np.int64)
        inner = np.ones(len(children), np.bool_)
        inner[rightmost] = False
        children[inner] = self._words[cells]
        children[rightmost] = self._words[_headers(level) + 8]
        return children

    def row_counts(self, leaves: Int64) -> Int64:
        """Rows in each leaf."""
        return self._halves[_headers(leaves) + 3].astype(np.int64)

    def cells(self, starts: Int64, header: int = _LEAF_HEADER) -> tuple[Int64, Int64]:
        """Where the cells of these pages start in the file, and how many each page has."""
        counts = self.row_counts(starts)
        if counts.size and int(counts.max()) * 2 > self.usable:
            raise Damaged("a page with more rows than fit")
        first = np.cumsum(counts) - counts
        order = np.arange(int(counts.sum())) - np.repeat(first, counts)
        pointers = np.repeat(_headers(starts) + header, counts) + 2 * order
        if not within(pointers, 0, len(self.data) - 2):
            raise Damaged("a page that is cut off")
        inside = self._halves[pointers].astype(np.int64)
        if not within(inside, 8, self.usable - 4):
            raise Damaged("a row outside of its page")
        return np.repeat(starts, counts) + inside, counts


def _headers(starts: Int64) -> Int64:
    """Where the header of each page is: on the first one, behind that of the file."""
    return np.where(starts == 0, HEADER_BYTES, starts)


def within(values: Int64, low: int, high: int) -> bool:
    """Whether all values are from ``low`` to ``high``."""
    return not values.size or (int(values.min()) >= low and int(values.max()) <= high)


def _at_every_byte(data: Array, dtype: str) -> Array:
    """``data`` as overlapping numbers: item i is the one that starts at byte i."""
    kind = np.dtype(dtype)
    return np.ndarray((len(data) - kind.itemsize + 1,), kind, data, strides=(1,))
