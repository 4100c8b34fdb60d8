"""What one span has to do with others: who issued it, what it waited for, its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline.analysis import devices, work_of
from timeline.analysis.dependencies import event_edges
from timeline.analysis.legacy_order import legacy_edges
from timeline.trace import Trace

__all__ = ["Link", "Links"]

MOST_LINKS = 12
"""Links of one kind that are listed."""

MOST_ORDERED = 1_000_000
"""Activities of a device up to which the order between streams is worked out."""

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Link:
    """Another row, and what it is to this one.

    Attributes
    ----------
    kind : str
        ``issued by``, ``issues``, ``waited for``, ``was waited for by``, ``before it`` or
        ``after it`` on the stream.
    """

    kind: str
    table: str
    row: int


@dataclass(frozen=True, eq=False)
class Links:
    """Finds links in a trace."""

    trace: Trace

    def of(self, table: str, row: int) -> Iterator[Link]:
        """All links of a row, those that draw an arrow first."""
        if table == "calls":
            for issued in self._same_correlation("activities", table, row):
                yield Link("issues", "activities", issued)
        if table != "activities":
            return
        for call in self._same_correlation("calls", table, row):
            yield Link("issued by", "calls", call)
        sources, targets = self._order
        for other in sources[targets == row][:MOST_LINKS].tolist():
            yield Link("waited for", table, other)
        for other in targets[sources == row][:MOST_LINKS].tolist():
            yield Link("was waited for by", table, other)
        yield from self._neighbours(row)

    def _same_correlation(self, wanted: str, table: str, row: int) -> list[int]:
        column = self.trace.column
        number = int(column(table, "correlation")[row])
        if number < 0:
            return []
        same = column(wanted, "correlation") == number
        process = int(column(table, "process")[row])
        theirs = column(wanted, "process")
        rows = np.flatnonzero(same & ((theirs == process) | (theirs < 0) | (process < 0)))
        found: list[int] = rows[:MOST_LINKS].tolist()
        return found

    def _neighbours(self, row: int) -> Iterator[Link]:
        """The activities before and after it on its stream."""
        same = np.ones(self.trace.rows("activities"), np.bool_)
        for name in ("stream", "context", "process", "device"):
            column = self.trace.column("activities", name)
            same &= column == column[row]
        rows = np.flatnonzero(same)
        place = int(np.searchsorted(rows, row))
        for kind, other in (("before it", place - 1), ("after it", place + 1)):
            if 0 <= other < len(rows):
                yield Link(kind, "activities", int(rows[other]))

    @cached_property
    def _order(self) -> tuple[Int64, Int64]:
        """Rows of activities and of those that waited for them, by events or the legacy stream."""
        sources, targets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for device in devices(self.trace):
            work = work_of(self.trace, device)
            if len(work.rows) > MOST_ORDERED:
                continue
            for edges in (event_edges(work), legacy_edges(work)):
                if edges is not None:
                    sources.append(work.rows[edges.sources])
                    targets.append(work.rows[edges.targets])
        return np.concatenate(sources), np.concatenate(targets)
