"""The rows of an import, collected piece by piece and put together as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.kineto.event import NARROW, Loose, Row
from timeline.formats.kineto.names import Names
from timeline.trace import TABLES

__all__ = ["Columns", "Rows"]

Array = npt.NDArray[Any]
Columns = dict[str, Array]

TEXTS = frozenset(
    field.name
    for schema in TABLES.values()
    for field in schema
    if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)
)
"""Columns of texts, kept as numbers of :class:`Names`."""

LISTS = frozenset(("grid", "block", "cluster"))
MISSING = -1
"""What stands for a value that an event doesn't have; no column of a Kineto trace has a real one
but streams of synchronisations, where it means none as well."""


class _Pieces:
    """Columns of one table in pieces; a value alone stands for the whole piece."""

    def __init__(self, table: str) -> None:
        self._lists = LISTS if table == "activities" else frozenset()
        self._pieces: list[tuple[int, Mapping[str, Any]]] = []
        self.count = 0

    def add(self, count: int, columns: Mapping[str, Any]) -> None:
        self._pieces.append((count, columns))
        self.count += count

    def columns(self) -> Columns:
        """Every column that any piece has, whole; the pieces are given up for it."""
        names = {name: None for _, columns in self._pieces for name in columns}
        found = {}
        for name in names:
            column = self._empty(name)
            place = 0
            for count, columns in self._pieces:
                if name in columns:
                    column[place : place + count] = columns[name]
                place += count
            found[name] = column
        self._pieces.clear()
        return found

    def _empty(self, name: str) -> Array:
        if name in self._lists:
            return np.zeros((self.count, 3), np.int32)
        narrow = name in NARROW or name in TEXTS
        return np.full(self.count, MISSING, np.int32 if narrow else np.int64)


class Rows:
    """Collects rows one by one, or many of one shape at once."""

    def __init__(self) -> None:
        self.names = Names()
        self.loose: list[Loose] = []
        self._tables: dict[str, _Pieces] = {}
        self._single: dict[str, list[Row]] = {}

    def add(self, row: Row) -> None:
        """Take one row."""
        self._single.setdefault(row.table, []).append(row)

    def add_many(self, like: Row, count: int, columns: Mapping[str, Any]) -> None:
        """Take ``count`` rows that are ``like`` one but for ``columns``."""
        constant = {key: self._coded(key, value) for key, value in like.columns.items()}
        found = {**constant, **columns}
        for name in LISTS & like.columns.keys() if like.table == "activities" else ():
            lanes = np.empty((count, 3), np.int32)
            for lane in range(3):
                lanes[:, lane] = found.pop(f"{name}.{lane}", like.columns[name][lane])
            found[name] = lanes
        plain = {key: value for key, value in found.items() if "." not in key}
        self._pieces(like.table).add(count, plain)
        if like.collective is not None:
            arguments = {key: self._coded(key, value) for key, value in like.collective.items()}
            varying = {
                key.removeprefix("collective."): value
                for key, value in columns.items()
                if key.startswith("collective.")
            }
            self._add_collectives(like, count, plain, {**arguments, **varying})

    def _add_collectives(
        self, like: Row, count: int, columns: Mapping[str, Any], arguments: Mapping[str, Any]
    ) -> None:
        shared = ("start", "end", "device", "stream", "process", "thread", "correlation")
        place = {key: columns[key] for key in shared if key in columns}
        origin = self.names.code("activity" if like.table == "activities" else "host")
        self._pieces("collectives").add(count, {**place, "origin": origin, **arguments})

    def _pieces(self, table: str) -> _Pieces:
        return self._tables.setdefault(table, _Pieces(table))

    def _coded(self, column: str, value: Any) -> Any:
        return self.names.code(value) if column in TEXTS else value

    def settle(self) -> None:
        """Turn single rows into pieces; to be called now and then, they take far more memory."""
        for table, rows in self._single.items():
            self._settle(table, [row.columns for row in rows])
            for row in rows:
                if row.collective is not None:
                    coded = {k: self._coded(k, v) for k, v in row.collective.items()}
                    self._add_collectives(row, 1, row.columns, coded)
        self._single.clear()

    def _settle(self, table: str, rows: list[dict[str, Any]]) -> None:
        names = {name: None for row in rows for name in row}
        columns: Columns = {}
        for name in names:
            triple = name in LISTS and table == "activities"
            empty: Any = (0, 0, 0) if triple else MISSING
            values = [self._coded(name, row[name]) if name in row else empty for row in rows]
            columns[name] = np.array(values, np.int64)
        self._pieces(table).add(len(rows), columns)

    def tables(self) -> Iterator[tuple[str, Columns]]:
        """Each table that has rows, with its columns; call :meth:`settle` first."""
        for table, pieces in self._tables.items():
            yield table, pieces.columns()
