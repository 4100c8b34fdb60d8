"""The tables of a stored trace, column by column.

Most readers of a trace want a few columns of it: the overlaps of ten million activities need six
of twenty-eight. So a large table keeps its parts as they are stored, and decodes a column when it
is asked for, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.trace.columns import by_start, nulls, one_chunk, taken, to_numpy
from timeline.trace.parts import Part
from timeline.trace.schema import TABLES

__all__ = ["StoredTable", "StoredTables"]

FEW = 1 << 14
"""Rows up to which a table is decoded whole: a column at a time would take longer."""


class StoredTable:
    """A table's parts as one table; activities are by start.

    Attributes
    ----------
    rows : int
        Rows of all parts.
    """

    def __init__(self, name: str, parts: Sequence[Part] = ()) -> None:
        self._schema = TABLES[name]
        self._parts = tuple(parts)
        self._sorted = name == "activities"
        self._arrays: dict[str, pa.Array] = {}
        self.rows = sum(part.rows for part in parts)

    def array(self, column: str) -> pa.Array:
        """A column in one piece.

        Raises
        ------
        TraceError
            When its part is damaged, or needs more memory than allowed.
        KeyError
            For a column that the table does not have.
        """
        if column not in self._arrays:
            if column not in self._schema.names:
                raise KeyError(column)
            found = self._decoded((column,) if self.rows > FEW else self._schema.names)
            self._arrays |= {name: self._in_order(array) for name, array in found.items()}
        return self._arrays[column]

    def whole(self) -> pa.Table:
        """All columns."""
        missing = [name for name in self._schema.names if name not in self._arrays]
        found = self._decoded(missing) if missing else {}
        self._arrays |= {name: self._in_order(array) for name, array in found.items()}
        return pa.Table.from_arrays(
            [self._arrays[name] for name in self._schema.names], schema=self._schema
        )

    def _decoded(self, names: Sequence[str]) -> dict[str, pa.Array]:
        parts = [part.columns(names) for part in self._parts]
        return {name: self._joined([part[name] for part in parts], name) for name in names}

    def _joined(self, pieces: list[Any], name: str) -> pa.Array:
        kind = self._schema.field(name).type
        if not pieces:
            return nulls(0, kind)
        return one_chunk(pa.chunked_array([c for piece in pieces for c in _chunks(piece)], kind))

    def _in_order(self, array: pa.Array) -> pa.Array:
        return array if self._order is None else taken(array, self._order)

    @cached_property
    def _order(self) -> npt.NDArray[np.int64] | None:
        """Rows by start; None where they lie so already."""
        if not self._sorted or self.rows < 2:
            return None
        return by_start(to_numpy(self._decoded(("start",))["start"]))


def _chunks(piece: pa.ChunkedArray | pa.Array) -> list[pa.Array]:
    return piece.chunks if isinstance(piece, pa.ChunkedArray) else [piece]


class StoredTables(Mapping[str, pa.Table]):
    """All tables of a stored trace; one that is asked for as a whole is decoded as a whole."""

    def __init__(self, stored: Mapping[str, StoredTable]) -> None:
        self._stored = {name: stored.get(name) or StoredTable(name) for name in TABLES}

    def stored(self, name: str) -> StoredTable:
        """A table that is not decoded yet."""
        return self._stored[name]

    def __getitem__(self, name: str) -> pa.Table:
        return self.stored(name).whole()

    def __contains__(self, name: object) -> bool:
        return name in self._stored

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)
