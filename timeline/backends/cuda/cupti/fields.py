"""Fields of many records as columns.

Records lie one after the other, 40 to 250 bytes each; reading a field of all of them touches every
cache line. So the records are turned once, in blocks that stay in the cache, into one row for each
of their 8-byte words that holds a field, from which every field is taken at the cost of its own
bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.trace.columns import Masked

__all__ = [
    "Arena",
    "Array",
    "Column",
    "Records",
    "constant",
    "distinct",
    "known",
    "looked_up",
    "nonzero",
    "unsigned",
]

Array = npt.NDArray[Any]
Words = npt.NDArray[np.uint64]
Column = Array | Masked

_WORD = 8
_BLOCK = 1024
_LONG_RUN = 128
"""Records that lie side by side, on average, from which on they are turned run by run."""


class Arena:
    """Memory for the words of one buffer's records, used again for the next buffer.

    Fresh memory costs more than what is written to it: the system hands it out page by page.
    """

    def __init__(self) -> None:
        self._words: Words = np.empty(0, np.uint64)
        self._used = 0
        self._wanted = 0

    def reset(self) -> None:
        """Take everything back that was handed out; nobody may use it any more."""
        if self._wanted > len(self._words):
            self._words = np.empty(self._wanted, np.uint64)
        self._used = self._wanted = 0

    def empty(self, shape: tuple[int, int]) -> Words:
        """An array until the next :meth:`reset`."""
        count = shape[0] * shape[1]
        self._wanted += count
        start, self._used = self._used, self._used + count
        if self._used > len(self._words):
            return np.empty(shape, np.uint64)
        return self._words[start : self._used].reshape(shape)


class Records:
    """Records of one kind, by column.

    Parameters
    ----------
    words : (w, n) array of uint64
        The i-th word that holds a field, of every record, in row i.
    dtype : numpy.dtype
        Structured type of a record.
    """

    __slots__ = ("_words", "dtype")

    def __init__(self, words: Words, dtype: np.dtype[Any]) -> None:
        self._words = words
        self.dtype = dtype

    @classmethod
    def found(
        cls,
        source: Words,
        starts: Array,
        step: int,
        dtype: np.dtype[Any],
        arena: Arena | None = None,
    ) -> Records:
        """Records of ``step`` words that start at the words ``starts`` of a buffer; copies.

        With an ``arena``, they last until that is reset.
        """
        spans = _spans(dtype)
        shape = (sum(len(span) for span in spans), len(starts))
        made = cls(arena.empty(shape) if arena else np.empty(shape, np.uint64), dtype)
        breaks = np.flatnonzero(starts[1:] - starts[:-1] != step) + 1
        if len(breaks) * _LONG_RUN > len(starts):
            made._gather(source, starts, step, spans)
            return made
        ends = [*breaks.tolist(), len(starts)]
        for first, end in zip([0, *ends], ends, strict=False):  # nothing lies between these
            rows = source[starts[first] : starts[end - 1] + step].reshape(-1, step)
            made._turn(rows, spans, first)
        return made

    def _turn(self, rows: Words, spans: Sequence[range], first: int) -> None:
        for start in range(0, len(rows), _BLOCK):
            part, row = rows[start : start + _BLOCK], 0
            block = slice(first + start, first + start + len(part))
            for span in spans:
                into = self._words[row : row + len(span), block]
                into[:] = part[:, span.start : span.stop].T
                row += len(span)

    def _gather(self, source: Words, starts: Array, step: int, spans: Sequence[range]) -> None:
        # a record of any place as one item, so that each is copied at once
        places = len(source) - step + 1
        items: Array = np.ndarray((places,), f"V{step * _WORD}", source, strides=(_WORD,))
        for first in range(0, len(starts), _BLOCK):
            rows = items[starts[first : first + _BLOCK]].view(np.uint64).reshape(-1, step)
            self._turn(rows, spans, first)

    @classmethod
    def empty(cls, dtype: np.dtype[Any]) -> Records:
        """No records."""
        return cls(np.empty((sum(len(span) for span in _spans(dtype)), 0), np.uint64), dtype)

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
        """A copy of a field: (n,), or (n, 3) for a dimension.

        A copy, so that the words can go: fresh memory costs more than copying.
        """
        assert self.dtype.fields is not None
        kind, offset = self.dtype.fields[field][:2]
        if not kind.shape:
            return self._lane(offset, kind).copy()
        lanes = np.empty((len(self), *kind.shape), kind.base)
        for i in range(kind.shape[0]):
            lanes[:, i] = self._lane(offset + i * kind.base.itemsize, kind.base)
        return lanes

    def _lane(self, offset: int, kind: np.dtype[Any]) -> Array:
        word = offset // _WORD
        words = self._words[_row_of(self.dtype)[word]].view(kind)
        lane: Array = words[offset % _WORD // kind.itemsize :: _WORD // kind.itemsize]
        return lane

    def where(self, chosen: Array) -> Records:
        """The records that a mask or an index chooses; copies."""
        return Records(np.ascontiguousarray(self._words[:, chosen]), self.dtype)

    def rows(self) -> list[dict[str, Any]]:
        """Each record as a mapping, for kinds of which there are few."""
        names = self.dtype.names or ()
        columns = [self[name].tolist() for name in names]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


@cache
def _spans(dtype: np.dtype[Any]) -> tuple[range, ...]:
    """The words of a record that hold fields, joined where they lie side by side."""
    rows = _row_of(dtype)
    starts = [word for word in rows if word - 1 not in rows]
    stops = [word + 1 for word in rows if word + 1 not in rows]
    return tuple(range(*ends) for ends in zip(starts, stops, strict=True))


@cache
def _row_of(dtype: np.dtype[Any]) -> dict[int, int]:
    """By word that holds a field: the row that it becomes."""
    assert dtype.fields is not None
    used: set[int] = set()
    for kind, offset, *_ in dtype.fields.values():
        used.update(range(offset // _WORD, -(-(offset + kind.itemsize) // _WORD)))
    return {word: row for row, word in enumerate(sorted(used))}


def unsigned(records: Records, field: str) -> Array:
    """A 32-bit id, which is read as signed, as the number that it is."""
    values: Array = records[field].view(np.uint32).astype(np.int64)
    return values


def known(values: Array, unknown: int = -1) -> Column:
    """``values`` with those missing that CUPTI gives for "none" (all bits set: -1)."""
    return Masked.unless(values, values == unknown)


def nonzero(values: Array) -> Column:
    """``values`` with zeros missing."""
    return Masked.unless(values, values == 0)


def constant(count: int, name: str) -> tuple[Array, list[str]]:
    """A dictionary column that holds ``name`` in every row."""
    return np.zeros(count, np.int32), [name]


def distinct(values: Array) -> Array:
    """The distinct ``values``, ascending.

    Not ``numpy.unique``, which imports ``numpy.ma``; see :class:`timeline.trace.columns.Masked`.
    """
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


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
