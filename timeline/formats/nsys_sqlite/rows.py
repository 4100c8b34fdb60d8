"""Rows of a table as columns of int64, however SQLite stored them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.btree import Damaged, NotPlain, Pages
from timeline.formats.nsys_sqlite.database import Database, Table, quoted
from timeline.formats.nsys_sqlite.records import Numbers, integers

__all__ = ["Rows", "Tables"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BATCH = 32
"""Rows fetched at once; few, as all of their texts may be as long as a value can be."""
_TEXT_BYTES_A_BYTE = 2
"""Of a sound file: texts of it in UTF-16 are longer in UTF-8."""
_INT64 = range(-(2**63), 2**63)


class Rows:
    """Columns of a table, all of one length.

    Attributes
    ----------
    table : str
        The table they come from.
    numbers : numpy.ndarray of int64, shape (n,)
        Place of each row in the table, from 1.
    """

    def __init__(self, table: str, columns: Mapping[str, Numbers], numbers: Int64) -> None:
        self.table = table
        self.numbers = numbers
        self._columns = dict(columns)

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, name: str) -> bool:
        """Whether the table has the column."""
        return name in self._columns

    def __getitem__(self, name: str) -> Int64:
        """Values of a column; 0 where they are null."""
        return self._columns[name].values

    def get(self, name: str, otherwise: Int64) -> Int64:
        """Values of a column, or ``otherwise`` if the table lacks it."""
        column = self._columns.get(name)
        return otherwise if column is None else column.values

    def null(self, name: str) -> Mask:
        """Where a column is null; everywhere if the table lacks it."""
        column = self._columns.get(name)
        if column is None:
            return np.ones(len(self), np.bool_)
        return np.zeros(len(self), np.bool_) if column.null is None else column.null

    def other(self, name: str) -> Mask | None:
        """Where a column holds no integer; None when nowhere."""
        return self._columns[name].other if name in self else None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self._columns)

    def masked(self, name: str, unknown: int | None = None) -> npt.NDArray[Any] | None:
        """A column with its nulls masked, and the value that stands for "none"; None if missing."""
        if name not in self:
            return None
        values, null = self[name], self._columns[name].null
        if unknown is not None:
            none = values == unknown
            null = none if null is None else null | none
        if null is None or not null.any():
            return values
        masked: npt.NDArray[Any] = np.ma.masked_array(values, null)
        return masked

    def where(self, chosen: Mask) -> Rows:
        """The rows that a mask chooses."""
        if chosen.all():
            return self
        at = np.flatnonzero(chosen)
        columns = {
            name: Numbers(
                c.values[at],
                None if c.null is None else c.null[at],
                None if c.other is None else c.other[at],
            )
            for name, c in self._columns.items()
        }
        return Rows(self.table, columns, self.numbers[at])


class Tables:
    """Reads tables of a database against the limits of an import.

    Integers are decoded from the file's pages directly, ten times as fast as through a cursor (see
    ``docs/nsys.md``); what is stored in an unusual way goes through SQLite.
    """

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake
        try:
            self._pages = Pages(database.path)
        except (Damaged, OSError, ValueError) as error:
            raise database.damaged(error) from error

    def __contains__(self, name: str) -> bool:
        return name in self._database.tables

    def columns(self, name: str) -> frozenset[str]:
        """Names of a table's columns; none for a table that is not there."""
        table = self._database.tables.get(name)
        return frozenset(table.columns if table else ())

    def count(self, name: str) -> int:
        """Rows of a table."""
        try:
            leaves = self._pages.leaves(self._database.tables[name].root)
            return int(self._pages.row_counts(leaves).sum())
        except (NotPlain, Damaged, IndexError):
            sql = f"SELECT count(*) FROM {quoted(name)}"
            (row,) = self._database.query(sql)
            return int(row[0])

    def integers(self, name: str, wanted: Sequence[str]) -> Rows:
        """Columns of a table; those that it lacks are left out, as are all of a missing table."""
        table = self._database.tables.get(name)
        if table is None:
            return Rows(name, {}, np.zeros(0, np.int64))
        self._intake.take_rows(self.count(name), f"table {name}")
        there = [column for column in wanted if column in table.columns]
        found = dict(zip(there, self._integers(table, there), strict=True)) if there else {}
        rows = len(next(iter(found.values())).values) if found else 0
        return Rows(name, found, np.arange(1, rows + 1))

    def _integers(self, table: Table, wanted: list[str]) -> list[Numbers]:
        names = list(table.columns)
        if table.has_rowids and all(
            name in table.stored and table.columns[name] == "INTEGER" for name in wanted
        ):
            try:
                places = [names.index(name) for name in wanted]
                return integers(self._pages, table.root, len(names), places)
            except NotPlain:
                pass
            except (Damaged, IndexError) as error:
                raise self._database.damaged(error) from error
        return [_numbers(values) for values in self._values(table, wanted)]

    def _values(self, table: Table, wanted: list[str]) -> list[list[Any]]:
        """Columns by SQLite, in the order in which the rows are stored."""
        chosen = ", ".join(map(quoted, wanted))
        order = " ORDER BY rowid" if table.has_rowids else ""
        found: list[list[Any]] = [[] for _ in wanted]
        sql = f"SELECT {chosen} FROM {quoted(table.name)} NOT INDEXED{order}"
        taken = 0
        with closing(self._database.query(sql)) as cursor:
            while batch := self._database.fetch(cursor, _BATCH):
                taken += sum(len(v) for row in batch for v in row if isinstance(v, str | bytes))
                if taken > _TEXT_BYTES_A_BYTE * self._pages.data.nbytes:
                    raise self._database.damaged(ValueError("texts that are longer than the file"))
                for column, values in zip(found, zip(*batch, strict=True), strict=True):
                    column.extend(values)
        return found

    def values(self, name: str, *wanted: str) -> list[list[Any]]:
        """Columns of a small table as Python values; a column that is missing is all None."""
        table = self._database.tables.get(name)
        there = [column for column in wanted if table is not None and column in table.columns]
        if table is None or not there:
            return [[] for _ in wanted]
        self._intake.take_rows(self.count(name), f"table {name}")
        found = dict(zip(there, self._values(table, there), strict=True))
        rows = len(found[there[0]])
        return [found.get(column, [None] * rows) for column in wanted]


def _numbers(values: list[Any]) -> Numbers:
    null = np.array([value is None for value in values], np.bool_)
    fits = [isinstance(value, int) and value in _INT64 for value in values]
    other = ~null & ~np.array(fits, np.bool_)
    whole = [value if fit else 0 for value, fit in zip(values, fits, strict=True)]
    return Numbers(
        np.array(whole, np.int64), null if null.any() else None, other if other.any() else None
    )
