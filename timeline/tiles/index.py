"""The index of a trace: everything that a tile, a search or a measure reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from timeline.errors import UsageError
from timeline.tiles.coverage import EngineSets
from timeline.tiles.layout import Group, Lane, Row
from timeline.tiles.track import Track

__all__ = ["Index"]


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
    names : mapping of str to pyarrow.Array
        Of each table the texts that its name codes stand for: untrusted.
    kernel_ns : mapping of int to int
        Time of each kernel name, ns, in the order in which they first start; of very many names
        those with the most.
    view : (int, int)
        What to look at first: the repeat of median makespan, or the activities; ns after the
        origin.
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
    names: Mapping[str, pa.Array]
    kernel_ns: Mapping[int, int]
    view: tuple[int, int]
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
    def by_key(self) -> Mapping[str, Lane]:
        """Lanes by their keys."""
        return {lane.key: lane for lane in self.lanes()}

    def lane(self, key: str) -> Lane:
        """A lane of the picture.

        Raises
        ------
        UsageError
            When there is none of that name.
        """
        if key not in self.by_key:
            raise UsageError("no such lane in this trace; load the page again")
        return self.by_key[key]

    @property
    def events(self) -> int:
        """Spans in all tracks."""
        return sum(len(track) for track in self.tracks)
