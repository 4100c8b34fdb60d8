"""Tables of a trace that are read when somebody wants them."""

from __future__ import annotations

from collections.abc import Callable

from timeline.trace import Trace
from timeline.trace.stored import StoredTable, StoredTables

__all__ = ["LaterTables", "are_read"]


class LaterTables(StoredTables):
    """The tables of a stored trace before its files have been read.

    Parameters
    ----------
    read : callable
        Reads them, or waits for who does.
    done : callable
        Whether they have been read.
    """

    def __init__(self, read: Callable[[], StoredTables], done: Callable[[], bool]) -> None:
        super().__init__({})
        self._read = read
        self.done = done

    def stored(self, name: str) -> StoredTable:
        """A table that is not decoded yet."""
        return self._read().stored(name)


def are_read(trace: Trace) -> bool:
    """Whether the tables of a trace are there at once."""
    return not isinstance(trace.tables, LaterTables) or trace.tables.done()
