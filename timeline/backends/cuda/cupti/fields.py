"""Fields of many records as columns.

Records lie one after the other, 40 to 250 bytes each; reading a field of all of them touches every
cache line. So the records are turned once, in blocks that stay in the cache, into one row for each
of their 8-byte words, from which every field is taken at the cost of its own bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Records", "constant", "known", "looked_up", "nonzero", "unsigned"]

Array = npt.NDArray[Any]
Words = npt.NDArray[np.uint64]

_WORD = 8
_BLOCK = 1024
_LONG_RUN = 16
"""Records in a run, on average, from which on copying run by run is the faster way."""


class Records:
    """Records of one kind, by column.

    Parameters
    ----------
    words : (w, n) array of uint64
        Word i of every record in row i.
    dtype : numpy.dtype
        Structured type of a record, of which the words hold the start.
    """

    __slots__ = ("_words", "dtype")

    def __init__(self, words: Words, dtype: np.dtype[Any]) -> None:
        self._words = words
        self.dtype = dtype

    @classmethod
    def of_rows(cls, rows: Words, dtype: np.dtype[Any]) -> Records:
        """Turn ``rows``, an (n, w) array of words, into columns; copies."""
        count, width = len(rows), dtype.itemsize // _WORD
        words = np.empty((width, count), np.uint64)
        for start in range(0, count, _BLOCK):
            words[:, start : start + _BLOCK] = rows[start : start + _BLOCK, :width].T
        return cls(words, dtype)

    @classmethod
    def gathered(cls, source: Words, starts: Array, step: int, dtype: np.dtype[Any]) -> Records:
        """Records of ``step`` words that start at the words ``starts`` of a buffer; copies."""
        count, width = len(starts), dtype.itemsize // _WORD
        words, lanes = np.empty((width, count), np.uint64), np.arange(width)
        ends = [*(np.flatnonzero(np.diff(starts) != step) + 1).tolist(), count]
        if count < _LONG_RUN * len(ends):  # other kinds lie between almost all of them
            ends = [*range(_BLOCK, count, _BLOCK), count]
        start = 0
        for end in ends:
            if starts[end - 1] - starts[start] == step * (end - 1 - start):
                rows = source[starts[start] : starts[end - 1] + step].reshape(-1, step)[:, :width]
            else:
                rows = source[starts[start:end, None] + lanes]
            words[:, start:end] = rows.T
            start = end
        return cls(words, dtype)

    @classmethod
    def empty(cls, dtype: np.dtype[Any]) -> Records:
        """No records."""
        return cls(np.empty((dtype.itemsize // _WORD, 0), np.uint64), dtype)

    @classmethod
    def joined(cls, parts: list[Records]) -> Records:
        """Records of several buffers, in order."""
        if len(parts) == 1:
            return parts[0]
        return cls(np.concatenate([part._words for part in parts], axis=1), parts[0].dtype)

    def __len__(self) -> int:
        return int(self._words.shape[1])

    def __contains__(self, field: str) -> bool:
        """Whether this version's records have ``field``."""
        return field in (self.dtype.names or ())

    def __getitem__(self, field: str) -> Array:
        """A copy of a field: (n,), or (n, 3) for a dimension."""
        assert self.dtype.fields is not None
        kind, offset = self.dtype.fields[field][:2]
        if kind.shape:
            lanes = range(offset, offset + kind.itemsize, kind.base.itemsize)
            return np.stack([self._lane(place, kind.base) for place in lanes], axis=1)
        return self._lane(offset, kind)

    def _lane(self, offset: int, kind: np.dtype[Any]) -> Array:
        row = self._words[offset // _WORD].view(kind)
        lane: Array = row[offset % _WORD // kind.itemsize :: _WORD // kind.itemsize].copy()
        return lane

    def where(self, chosen: Array) -> Records:
        """The records that a mask or an index chooses; copies."""
        return Records(np.ascontiguousarray(self._words[:, chosen]), self.dtype)

    def rows(self) -> list[dict[str, Any]]:
        """Each record as a mapping, for kinds of which there are few."""
        names = self.dtype.names or ()
        columns = [self[name].tolist() for name in names]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def unsigned(records: Records, field: str) -> Array:
    """A 32-bit id, which is read as signed, as the number that it is."""
    values: Array = records[field].view(np.uint32).astype(np.int64)
    return values


def known(values: Array, unknown: int = -1) -> Array:
    """``values`` with those masked that CUPTI gives for "none" (all bits set: -1)."""
    return _masked(values, values == unknown)


def nonzero(values: Array) -> Array:
    """``values`` with zeros masked."""
    return _masked(values, values == 0)


def _masked(values: Array, mask: npt.NDArray[np.bool_]) -> Array:
    if not mask.any():
        return values
    masked: Array = np.ma.masked_array(values, mask)
    return masked


def constant(count: int, name: str) -> tuple[Array, list[str]]:
    """A dictionary column that holds ``name`` in every row."""
    return np.zeros(count, np.int32), [name]


def looked_up(keys: Array, wanted: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Where each of ``wanted`` is in ``keys``, and whether it is there.

    Parameters
    ----------
    keys : (m,) array of int
        In any order; of equal keys the first counts.
    wanted : (n,) array of int

    Returns
    -------
    index : (n,) array of int
        Row in ``keys``; 0 where there is none.
    found : (n,) array of bool
    """
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    place = np.searchsorted(ordered, wanted)
    place[place == len(keys)] = 0
    return order[place], ordered[place] == wanted
