"""The trace that an index is made of: its spans, sorted into tracks table by table."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.analysis import devices
from timeline.intervals import Int64
from timeline.tiles.grouping import Grouped, grouped
from timeline.tiles.track import Track
from timeline.trace import Trace

__all__ = ["Source"]

Mask = npt.NDArray[np.bool_]


@dataclass(eq=False)
class Source:
    """Gathers tracks, and the names of what is in them."""

    trace: Trace
    tracks: list[Track] = field(default_factory=list)
    names: dict[str, pa.Array] = field(default_factory=dict)
    name_counts: dict[str, Int64] = field(default_factory=dict)
    left_out: int = 0

    @cached_property
    def devices(self) -> tuple[int, ...]:
        """Devices that have activities."""
        return devices(self.trace)

    @cached_property
    def origin(self) -> int:
        """The first activity's start, or the first call's, trace time in ns."""
        for table in ("activities", "calls", "ranges"):
            start = self.trace.column(table, "start")
            if len(start):
                return int(start.min())
        return 0

    def add(
        self, table: str, groups: Int64, keep: Mask | None = None, name: str = "name"
    ) -> dict[int, list[int]]:
        """Make tracks of a table's rows.

        Parameters
        ----------
        groups : (n,) int64
            Number of each row's group, from 0.
        keep : (n,) bool, optional
            Rows that are meant; by default all. Those that end before they start never are.
        name : str
            The dictionary column that names them.

        Returns
        -------
        mapping of int to list of int
            Of each group the numbers of its tracks.
        """
        column = self.trace.column
        start, end = column(table, "start"), column(table, "end")
        whole = end >= start
        self.left_out += int((~whole if keep is None else keep & ~whole).sum())
        chosen = whole if keep is None else keep & whole
        rows = None if chosen.all() else np.flatnonzero(chosen)
        self.names[table] = self.trace.array(table, name).dictionary
        columns = grouped(start, end, column(table, name), groups, rows, self.origin)
        return self._added(table, columns)

    def add_spans(
        self,
        table: str,
        start: Int64,
        end: Int64,
        name: npt.NDArray[np.int32],
        names: pa.Array,
        row: Int64,
    ) -> list[int]:
        """Make tracks of spans that are no rows of the trace; returns their numbers.

        Parameters
        ----------
        row : (n,) int64
            What tells each span apart among those of ``table``.
        """
        self.names[table] = names
        columns = grouped(start, end, name, np.zeros(len(start), np.int64), None, self.origin)
        columns.spans.row[:] = row[columns.spans.row]
        return self._added(table, columns).get(0, [])

    def _added(self, table: str, columns: Grouped) -> dict[int, list[int]]:
        counted = np.bincount(columns.spans.name + 1, minlength=len(self.names[table]) + 1)[1:]
        before = self.name_counts.get(table, np.zeros(0, np.int64))
        counted[: len(before)] += before
        self.name_counts[table] = counted
        found: dict[int, list[int]] = {}
        for group, track in columns.tracks:
            found.setdefault(group, []).append(len(self.tracks))
            self.tracks.append(track)
        return found
