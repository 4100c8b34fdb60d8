"""The index of a trace: everything that a tile, a search or a measure reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from timeline.intervals import Int64
from timeline.tiles.coverage import EngineSets
from timeline.tiles.layout import Group, Lane, Row
from timeline.tiles.matches import Matches
from timeline.tiles.recent import Recent
from timeline.tiles.segments import Engine, Segments
from timeline.tiles.track import Track
from timeline.tiles.waits import Waits

__all__ = ["Index", "RowBytes"]

_SEARCH_BYTES = 16 << 20
_TILE_BYTES = 64 << 20
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True, eq=False, slots=True)
class RowBytes:
    """A row's part of a tile as it is sent; see :mod:`timeline.tiles.encode`."""

    bars: int
    merged: int
    wide: bool
    body: bytes


@dataclass(frozen=True, eq=False)
class Index:
    """A trace, laid out for drawing.

    Attributes
    ----------
    origin : int
        Trace time that all times of the index count from, ns: the first activity's start.
    first, last : int
        What the trace spans, ns after the origin; ``first`` is negative where the host starts.
    length : int
        From the first activity's start to the last one's end, ns.
    tracks : tuple of Track
        By the numbers that rows name.
    engines : mapping of int to mapping of str to tuple of int
        Of each device and engine its tracks.
    names : mapping of str to pyarrow.Array
        Of each table the texts that its name codes stand for: untrusted.
    name_counts : mapping of str to (n,) int64
        How many spans have each of those names.
    kernel_ns : mapping of int to int
        Time of each kernel name, ns, in the order in which they first start; of very many names
        those with the most.
    view : (int, int)
        What to look at first: the repeat of median makespan, or the activities; ns after the
        origin.
    waits : Waits
        Who waited for whom, by the row of each span of the computed table.
    left_out : int
        Rows that end before they start, such as ranges that were never closed.
    """

    origin: int
    first: int
    last: int
    length: int
    groups: tuple[Group, ...]
    tracks: tuple[Track, ...]
    sets: Mapping[int, EngineSets]
    engines: Mapping[int, Mapping[str, tuple[int, ...]]]
    names: Mapping[str, pa.Array]
    name_counts: Mapping[str, Int64]
    kernel_ns: Mapping[int, int]
    view: tuple[int, int]
    waits: Waits
    left_out: int = 0

    def lanes(self) -> Iterator[Lane]:
        """All lanes, those inside others too."""
        for group in self.groups:
            for lane in group.lanes:
                yield from lane.all()

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows, lane after lane: what tiles are asked for by number."""
        return tuple(row for lane in self.lanes() for row in lane.rows)

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Of each track the table that its spans are rows of."""
        found = {
            track: lane.table for lane in self.lanes() for r in lane.rows for track in r.tracks
        }
        return tuple(found[number] for number in range(len(self.tracks)))

    def place_of(self, table: str, row: int, start: int) -> tuple[int, int] | None:
        """Track, and place in it, of a table's row that starts at ``start``; None if left out."""
        for number, track in enumerate(self.tracks):
            if self.tables[number] == table:
                spans = track.spans
                lo, hi = (int(np.searchsorted(spans.start, start, side)) for side in _SIDES)
                if len(hits := np.flatnonzero(spans.row[lo:hi] == row)):
                    return number, lo + int(hits[0])
        return None

    @cached_property
    def nbytes(self) -> int:
        """Size of its arrays."""
        held: list[Any] = [*self.name_counts.values(), *self.names.values()]
        held += [self.waits.waiting, self.waits.waited_for]
        for track in self.tracks:
            spans = track.spans
            held += [spans.start, spans.end, spans.row, spans.name]
            for level in track.levels:
                held += [level.bucket, level.count, level.total, level.longest, level.long]
        for own in self.sets.values():
            held += own.segments.arrays
        return sum(array.nbytes for array in held)

    @cached_property
    def idle(self) -> dict[Engine, Segments]:
        """Idle time by cause of each engine; empty until somebody has it worked out."""
        return {}

    @property
    def idle_engines(self) -> dict[int, tuple[str, ...]]:
        """Of each device the engines that have a row of idle time."""
        found: dict[int, tuple[str, ...]] = {}
        for row in self.rows:
            if row.device is not None and row.idle is not None:
                found[row.device] = (*found.get(row.device, ()), row.idle)
        return found

    @cached_property
    def encoded(self) -> Recent[RowBytes]:
        """The last rows of tiles that anybody asked for, by row, level and number."""
        return Recent(_TILE_BYTES, lambda found: len(found.body) + 200)

    @cached_property
    def searches(self) -> Recent[Matches]:
        """The last texts that were searched for."""
        return Recent(_SEARCH_BYTES, lambda found: found.nbytes)

    @property
    def events(self) -> int:
        """Spans in all tracks."""
        return sum(len(track) for track in self.tracks)
