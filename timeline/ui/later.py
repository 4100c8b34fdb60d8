"""Tables of a trace that are read when somebody wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from timeline.trace import TABLES, Trace

__all__ = ["LaterTables", "are_read"]


@dataclass(frozen=True, eq=False)
class LaterTables(Mapping[str, pa.Table]):
    """Tables that are read when the first one is wanted.

    Attributes
    ----------
    read : callable
        Reads them, or waits for who does.
    done : callable
        Whether they have been read.
    """

    read: Callable[[], Mapping[str, pa.Table]]
    done: Callable[[], bool]

    def __getitem__(self, name: str) -> pa.Table:
        return self.read()[name]

    def __contains__(self, name: object) -> bool:
        return name in TABLES

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)


def are_read(trace: Trace) -> bool:
    """Whether the tables of a trace are there at once."""
    return not isinstance(trace.tables, LaterTables) or trace.tables.done()
