"""What one span has to do with others: who issued it, what it waited for, its neighbours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.analysis import devices, work_of
from timeline.analysis.dependencies import event_edges
from timeline.analysis.legacy_order import legacy_edges
from timeline.tiles.waits import orders_streams
from timeline.trace import Trace
from timeline.trace.columns import to_numpy

__all__ = ["Link", "Links"]

MOST_LINKS = 12
"""Links of one kind that are listed."""

_STREAM = ["stream", "context", "process", "device"]
_FIRST_LOOKED_AT = 256

Int64 = npt.NDArray[np.int64]
Order = tuple[Int64, Int64]


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


_LOCK = threading.Lock()
_ORDERS: WeakKeyDictionary[Trace, Order] = WeakKeyDictionary()


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
        sources, targets = _order(self.trace)
        for other in sources[targets == row][:MOST_LINKS].tolist():
            yield Link("waited for", table, other)
        for other in targets[sources == row][:MOST_LINKS].tolist():
            yield Link("was waited for by", table, other)
        yield from self._neighbours(row)

    def _same_correlation(self, wanted: str, table: str, row: int) -> list[int]:
        number = self._value(table, "correlation", row)
        if number is None:
            return []
        process = self._value(table, "process", row)
        rows = np.flatnonzero(self.trace.column(wanted, "correlation") == number).tolist()
        known = ((other, self._value(wanted, "process", other)) for other in rows)
        same = (other for other, theirs in known if None in (process, theirs) or theirs == process)
        return list(islice(same, MOST_LINKS))

    def _value(self, table: str, column: str, row: int) -> int | None:
        """One number of a table; None where it is not known."""
        found: int | None = self.trace.array(table, column)[row].as_py()
        return found

    def _neighbours(self, row: int) -> Iterator[Link]:
        """The activities before and after it on its stream."""
        stream = [self.trace.array("activities", name) for name in _STREAM]
        for kind, step in (("before it", -1), ("after it", 1)):
            other = _next_of_stream(stream, row, step)
            if other is not None:
                yield Link(kind, "activities", other)


def _next_of_stream(stream: list[pa.Array], row: int, step: int) -> int | None:
    """The next row of a stream in a direction: looked for near by, then ever farther away."""
    count = len(stream[0])
    near, size = row + (step > 0), _FIRST_LOOKED_AT
    while near > 0 if step < 0 else near < count:
        lo, hi = (max(near - size, 0), near) if step < 0 else (near, min(near + size, count))
        same = np.ones(hi - lo, np.bool_)
        for column in stream:
            part, mine = to_numpy(column.slice(lo, hi - lo)), to_numpy(column.slice(row, 1))
            same &= part == mine
        rows = np.flatnonzero(same)
        if len(rows):
            return lo + int(rows[-1] if step < 0 else rows[0])
        near, size = (lo, size * 8) if step < 0 else (hi, size * 8)
    return None


def _order(trace: Trace) -> Order:
    """Rows of activities and of those that waited for them, by events or the legacy stream."""
    with _LOCK:
        if trace not in _ORDERS:
            _ORDERS[trace] = _worked_out(trace)
        return _ORDERS[trace]


def _worked_out(trace: Trace) -> Order:
    sources, targets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for device in devices(trace) if orders_streams(trace) else ():
        work = work_of(trace, device)
        for edges in (event_edges(work), legacy_edges(work)):
            if edges is not None:
                sources.append(work.rows[edges.sources])
                targets.append(work.rows[edges.targets])
    return np.concatenate(sources), np.concatenate(targets)
