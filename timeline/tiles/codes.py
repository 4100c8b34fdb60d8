"""Small numbers for rows that agree in several columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.analysis.numbering import number_ids
from timeline.tiles.parallel import each, pieces

__all__ = ["packed_codes"]

Column = npt.NDArray[Any]
Codes = npt.NDArray[Any]

_MOST = 1 << 40
_SPARSE = 1 << 16


def packed_codes(columns: Iterable[Column]) -> Codes:
    """Number rows from 0, in the order of the columns; equal rows get equal numbers.

    A column of one value costs a look at it, one of close values a multiplication.

    Returns
    -------
    (n,) uint16 or int64
    """
    given = list(columns)
    count = len(given[0])
    telling: list[tuple[Column, int, int]] = []
    for column, (low, high) in zip(given, each(_ends, given), strict=True):
        if high - low >= _SPARSE:
            column, low = number_ids(column), 0
            high = int(column.max())
        if high > low:
            telling.append((column, low, high - low + 1))
    size = 1
    for _, _, width in telling:
        size *= width
    if not telling:
        return np.zeros(count, np.uint16)
    return _dense(telling, count, size) if size <= _SPARSE else _numbered(telling)


def _ends(column: Column) -> tuple[int, int]:
    return (int(column.min()), int(column.max())) if len(column) else (0, 0)


def _dense(columns: list[tuple[Column, int, int]], count: int, size: int) -> Codes:
    """Of few possible rows: which of them there are is counted."""
    codes, bounds = np.empty(count, np.uint16), pieces(count)

    def pack(piece: tuple[int, int]) -> npt.NDArray[np.int64]:
        part = slice(*piece)
        found = np.zeros(piece[1] - piece[0], np.int64)
        for column, low, width in columns:
            found *= width
            found += column[part]
            found -= low
        codes[part] = found
        return np.bincount(found, minlength=size)

    there = np.sum(each(pack, bounds), axis=0) > 0
    rank = (np.cumsum(there) - 1).astype(np.uint16)

    def renumber(piece: tuple[int, int]) -> None:
        codes[slice(*piece)] = rank.take(codes[slice(*piece)])

    if not there.all():
        each(renumber, bounds)
    return codes


def _numbered(columns: list[tuple[Column, int, int]]) -> Codes:
    codes, size = np.zeros(0, np.int64), 1
    for column, low, width in columns:
        if size * width >= _MOST:
            codes = number_ids(codes)
            size = int(codes.max()) + 1
        part = column.astype(np.int64) - low
        codes = codes * width + part if len(codes) else part
        size *= width
    return number_ids(codes)
