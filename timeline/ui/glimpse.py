"""What can be shown of a trace before its tables are read: all that its kept index holds."""

from __future__ import annotations

from timeline.errors import TraceError
from timeline.tiles import Index
from timeline.trace import Trace
from timeline.trace.store import about
from timeline.ui.canvas.kept import KEPT, Stored
from timeline.ui.later import LaterTables
from timeline.ui.opened import Opened

__all__ = ["glimpse"]


def glimpse(stored: Stored, index: Index, tables: LaterTables) -> Opened | None:
    """The trace with its tables still to be read; None if it is no longer there."""
    try:
        meta, rows = about(stored.path)
    except TraceError:
        return None
    trace = Trace(meta, tables)
    KEPT.tell(trace, stored, index)
    return Opened(trace, rows=rows.get("activities", 0))
