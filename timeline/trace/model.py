"""The Trace: what every backend and importer makes, and everything else reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.errors import TraceError
from timeline.limits import Limits
from timeline.trace.columns import by_start, nulls, one_chunk, taken, to_arrow, to_numpy
from timeline.trace.meta import Meta
from timeline.trace.schema import TABLES
from timeline.trace.stored import StoredTables

__all__ = ["Trace", "table"]

Int64 = npt.NDArray[np.int64]


def table(name: str, columns: Mapping[str, Any], rows: int | None = None) -> pa.Table:
    """Make one of the trace's tables from the columns there are; the others are null.

    Parameters
    ----------
    name : str
        A key of :data:`timeline.trace.schema.TABLES`.
    columns : mapping
        Column name to a NumPy array, Arrow array or sequence of ``rows`` values; masked values and
        None become null. A pair ``(codes, names)`` makes a dictionary column without expanding it;
        a code of -1 is null. A ``(rows, 3)`` integer array makes a grid, block or cluster column.
    rows : int, optional
        Number of rows, if ``columns`` may be empty.

    Returns
    -------
    pyarrow.Table
        With all columns of the schema.
    """
    schema = TABLES[name]
    extra = set(columns) - set(schema.names)
    if extra:
        raise TraceError(f"table {name!r} has no column {sorted(extra)[0]!r}")
    arrays = {key: to_arrow(value, schema.field(key).type) for key, value in columns.items()}
    lengths = {len(array) for array in arrays.values()}
    if rows is not None:
        lengths.add(rows)
    if len(lengths) > 1:
        raise TraceError(f"table {name!r}: columns of {sorted(lengths)} rows")
    count = lengths.pop() if lengths else 0
    return pa.Table.from_arrays(
        [arrays[f.name] if f.name in arrays else nulls(count, f.type) for f in schema],
        schema=schema,
    )


@dataclass(frozen=True, eq=False)
class Trace:
    """Tables of :mod:`timeline.trace.schema` and their :class:`Meta`.

    Attributes
    ----------
    tables : mapping of str to pyarrow.Table
        Every table of the schema, possibly empty. ``activities`` is sorted by start. Those of a
        loaded trace are decoded when they are asked for: all of a table here, one column by
        :meth:`column`, nothing by :meth:`rows`.
    """

    meta: Meta
    tables: Mapping[str, pa.Table]

    @classmethod
    def from_tables(cls, meta: Meta, tables: Mapping[str, pa.Table]) -> Trace:
        """Make a Trace from the tables there are; missing ones are empty, activities get sorted.

        Raises
        ------
        TraceError
            For an unknown table, or columns that are not the schema's.
        """
        full = {}
        for name in tables.keys() - TABLES.keys():
            raise TraceError(f"no table named {name!r} in a trace")
        for name, schema in TABLES.items():
            found = tables.get(name)
            if found is None:
                full[name] = _empty(name)
                continue
            if found.schema != schema:
                raise TraceError(f"table {name!r} has other columns than the schema's")
            full[name] = _by_start(found) if name == "activities" else _combined(found)
        return cls(meta, full)

    def __getattr__(self, name: str) -> pa.Table:
        tables = self.__dict__.get("tables", {})
        if name in tables:
            return tables[name]
        raise AttributeError(name)

    @property
    def activities(self) -> pa.Table:
        """What the GPU did, by start."""
        return self.tables["activities"]

    def column(self, table_name: str, column: str) -> npt.NDArray[Any]:
        """One column as a NumPy array, where possible without a copy.

        Nulls become -1 in signed integers, 0 in unsigned ones and in grid, block and cluster,
        False in booleans, None in texts. Dictionary columns come as their integer codes (-1 for
        null); see :meth:`names`.
        """
        return to_numpy(self.array(table_name, column))

    def names(self, table_name: str, column: str) -> list[str]:
        """The dictionary of a dictionary column: what its codes stand for."""
        names: list[str] = self.array(table_name, column).dictionary.to_pylist()
        return names

    def rows(self, table_name: str) -> int:
        """Number of rows of a table."""
        if isinstance(self.tables, StoredTables):
            return self.tables.stored(table_name).rows
        return int(self.tables[table_name].num_rows)

    def array(self, table_name: str, column: str) -> pa.Array:
        """One column as an Arrow array, in one piece."""
        if isinstance(self.tables, StoredTables):
            return self.tables.stored(table_name).array(column)
        return one_chunk(self.tables[table_name][column])

    @cached_property
    def span(self) -> tuple[int, int]:
        """Start of the first and end of the last activity, ns; (0, 0) without activities."""
        if self.rows("activities") == 0:
            return (0, 0)
        start, end = self.column("activities", "start"), self.column("activities", "end")
        return int(start.min()), int(end.max())

    def replace(self, **changes: Any) -> Trace:
        """A copy with other ``meta`` fields."""
        return Trace(dataclasses.replace(self.meta, **changes), self.tables)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the native folder; see :func:`timeline.trace.store.save`."""
        from timeline.trace.store import save

        return save(self, path, overwrite=overwrite)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """What a notebook shows: a picture; see :func:`timeline.trace.notebook.bundle`."""
        from timeline.trace.notebook import bundle

        return bundle(self, include, exclude)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        tables: Iterable[str] | None = None,
        limits: Limits | None = None,
    ) -> Trace:
        """Read a native folder or its zip; see :func:`timeline.trace.store.load`."""
        from timeline.trace.store import load

        return load(path, tables=tables, limits=limits)


@cache
def _empty(name: str) -> pa.Table:
    return table(name, {}, 0)


def _combined(source: pa.Table, order: Int64 | None = None) -> pa.Table:
    """Every column in one piece, perhaps in another order of rows."""
    columns = []
    for column in source.columns:
        whole = one_chunk(column)
        columns.append(whole if order is None else taken(whole, order))
    return pa.Table.from_arrays(columns, schema=source.schema)


def _by_start(activities: pa.Table) -> pa.Table:
    return _combined(activities, by_start(column_values(activities, "start")))


def column_values(source: pa.Table, column: str) -> npt.NDArray[Any]:
    """See :meth:`Trace.column`."""
    return to_numpy(one_chunk(source[column]))


def dictionary(source: pa.Table, column: str) -> list[str]:
    """See :meth:`Trace.names`."""
    names: list[str] = one_chunk(source[column]).dictionary.to_pylist()
    return names
