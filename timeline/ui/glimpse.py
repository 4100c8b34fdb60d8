"""What can be shown of a trace before its tables are read: all that its kept index holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from timeline.errors import TraceError
from timeline.tiles import kept
from timeline.trace import TABLES, Trace
from timeline.trace.store import about
from timeline.ui.canvas.kept import KEPT, Stored
from timeline.ui.opened import Opened

__all__ = ["glimpse"]


@dataclass(frozen=True, eq=False)
class LaterTables(Mapping[str, pa.Table]):
    """Tables that are read when the first one is wanted."""

    read: Callable[[], Mapping[str, pa.Table]]

    def __getitem__(self, name: str) -> pa.Table:
        return self.read()[name]

    def __contains__(self, name: object) -> bool:
        return name in TABLES

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)


def glimpse(stored: Stored, tables: Callable[[], Mapping[str, pa.Table]]) -> Opened | None:
    """The trace with its tables still to be read; None without an index that was kept."""
    index = kept(stored.path, stored.identity)
    if index is None:
        return None
    try:
        meta, rows = about(stored.path)
    except TraceError:
        return None
    trace = Trace(meta, LaterTables(tables))
    KEPT.tell(trace, stored, index)
    return Opened(trace, rows=rows.get("activities", 0))
