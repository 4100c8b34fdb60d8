"""Numbers that nsys packs, and that must be unique over a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.formats.nsys_sqlite.issue import CallIndex
from timeline.trace import Trace
from timeline.trace.columns import one_chunk, to_numpy

__all__ = ["Ids", "StringTable", "numbers"]

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]

_VM = 1 << 48
_FIELD = 1 << 24
_CORRELATED = ("activities", "calls", "syncs", "events", "allocs")
_THREADED = ("calls", "ranges", "syncs", "allocs")


def numbers(table: pa.Table, name: str) -> Array:
    """A column of integers, its nulls masked."""
    array = one_chunk(table[name])
    values = to_numpy(array)
    if not array.null_count:
        return values
    valid = pc.is_valid(array)
    return np.ma.masked_array(values, ~to_numpy(valid))


class StringTable:
    """Texts by number, from 0, as ``StringIds`` keeps them."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return ((number, text) for text, number in self._ids.items())

    def add(self, text: str) -> int:
        """The number of a text."""
        return self._ids.setdefault(text, len(self._ids))

    def column(self, table: pa.Table, name: str, missing: str | None = None) -> Array:
        """A dictionary column as numbers; nulls masked, or the number of ``missing``."""
        array = one_chunk(table[name])
        codes = to_numpy(array)
        known = [self.add(text or "") for text in array.dictionary.to_pylist()]
        rest = self.add(missing) if missing is not None else -1
        found = np.array([*known, rest], np.int64)[codes]  # null is code -1: the last
        return found if missing is not None else np.ma.masked_array(found, codes < 0)


class Ids:
    """Global ids of processes and threads, and correlation ids, of one trace.

    nsys gives 24 bits to each process and thread; what does not fit is numbered anew. Its rules
    join copies with calls by correlation id alone, so where processes share ids they are numbered
    anew as well.
    """

    def __init__(self, trace: Trace) -> None:
        self._processes = _Narrow(self._all(trace, "process", tuple(trace.tables)))
        self._threads = _Narrow(self._all(trace, "thread", _THREADED))
        self._correlations = self._shared_ids(trace)

    @staticmethod
    def _all(trace: Trace, name: str, tables: tuple[str, ...]) -> Int64:
        columns = [
            np.unique(trace.column(table, name))
            for table in tables
            if name in trace.tables[table].column_names
        ]
        return np.unique(np.concatenate(columns).astype(np.int64))

    @staticmethod
    def _shared_ids(trace: Trace) -> CallIndex | None:
        parts = [
            np.stack([trace.column(table, "process"), trace.column(table, "correlation")])
            for table in _CORRELATED
        ]
        joined = np.concatenate(parts, axis=1)
        process, correlation = joined[:, joined[1] > 0]
        if len(process) == 0 or bool((process == process[0]).all()):
            return None
        pairs = np.unique(np.stack([process, correlation]), axis=1)
        if len(np.unique(pairs[1])) == pairs.shape[1]:
            return None
        return CallIndex(pairs[0], pairs[1])

    def global_pid(self, table: pa.Table) -> Int64:
        """``globalPid`` of each row; process 0 where it is not known."""
        return _VM | self._processes(numbers(table, "process")) * _FIELD

    def global_tid(self, table: pa.Table) -> Int64:
        """``globalTid`` of each row; thread 0 where it is not known."""
        return self.global_pid(table) | self._threads(numbers(table, "thread"))

    def process(self, value: int | None) -> int:
        """Process in a ``globalPid``."""
        return int(self._processes(np.array([-1 if value is None else value]))[0])

    def correlation(self, table: pa.Table) -> Array:
        """``correlationId`` of each row."""
        found = numbers(table, "correlation")
        if self._correlations is None:
            return found
        process = np.ma.filled(numbers(table, "process"), -1)
        rows = self._correlations.find(process, np.ma.filled(found, -1))
        return np.ma.masked_array(rows + 1, rows < 0)


class _Narrow:
    """Numbers as 24 bits: as they are if all fit, else counted from 1; 0 for none."""

    def __init__(self, values: Int64) -> None:
        values = values[values >= 0]
        self._renumbered = values if values.size and int(values[-1]) >= _FIELD else None

    def __call__(self, values: Array) -> Int64:
        plain = np.ma.filled(values, -1).astype(np.int64)
        if self._renumbered is not None:
            return np.where(plain < 0, 0, np.searchsorted(self._renumbered, plain) + 1)
        return np.maximum(plain, 0)
