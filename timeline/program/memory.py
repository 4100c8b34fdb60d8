"""What happened to the bytes of a buffer last: the part of them that a new access can race with.

The bytes are cut into segments that were always accessed together. A segment keeps its last write
and, of each lane, its last read since: whatever is ordered after those is ordered after all before.
Reads of many segments at once are kept aside, lest a Program that fills a buffer piece by piece and
reads it as a whole takes time that grows with the product.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from timeline.program.clocks import Clock
from timeline.program.handles import Buffer

__all__ = ["Access", "Memory", "Race"]

WIDE = 16
"""Segments that make a read wide, and wide reads that are kept aside."""

Access = tuple[int, int]
"""Lane, and index of the operation in the lane's host thread."""


@dataclass(frozen=True, slots=True)
class Race:
    """An earlier access that nothing orders before the one at hand, and the bytes both touch."""

    earlier: Access
    earlier_writes: bool
    begin: int
    end: int


class _Segment:
    __slots__ = ("end", "reads", "write")

    def __init__(self, end: int, write: Access | None, reads: dict[int, int] | None) -> None:
        self.end = end
        self.write = write
        self.reads = reads


class Memory:
    """The bytes of one buffer, and whether they are allocated.

    Attributes
    ----------
    allocated : bool
    how : type or None
        ``Malloc`` or ``MallocAsync``, if the Program allocates the buffer itself.
    changed : Access or None
        The last allocation or free, as an access of the host thread that called it.
    """

    __slots__ = (
        "_segments",
        "_starts",
        "_wide_reads",
        "_writes",
        "allocated",
        "buffer",
        "changed",
        "how",
    )

    def __init__(self, buffer: Buffer, allocated: bool) -> None:
        self.buffer = buffer
        self.allocated = allocated
        self.how: type | None = None
        self.changed: Access | None = None
        self.forget(None)

    def forget(self, write: Access | None) -> None:
        """Start anew: fresh memory, which ``write`` made."""
        self._starts = [0]
        self._segments = [_Segment(self.buffer.bytes, write, None)]
        self._wide_reads: dict[tuple[int, int], dict[int, int]] = {}
        self._writes = dict[int, int]() if write is None else dict([write])

    def read(self, begin: int, end: int, access: Access, clock: Clock) -> Race | None:
        """Note a read of the bytes from ``begin`` to ``end``, or return what it races with."""
        lane, index = access
        if len(self._starts) > WIDE and self._is_wide(begin, end):
            return self._read_wide(begin, end, access, clock)
        first, last = self._cover(begin, end)
        for position in range(first, last):
            segment = self._segments[position]
            write = segment.write
            if write is not None and clock[write[0]] < write[1]:
                return Race(write, True, self._starts[position], segment.end)
            if segment.reads is None:
                segment.reads = {lane: index}
            else:
                segment.reads[lane] = index
        return None

    def _is_wide(self, begin: int, end: int) -> bool:
        if (begin, end) not in self._wide_reads and len(self._wide_reads) >= WIDE:
            return False
        return bisect_left(self._starts, end) - bisect_right(self._starts, begin) >= WIDE

    def _read_wide(self, begin: int, end: int, access: Access, clock: Clock) -> Race | None:
        if any(clock[lane] < index for lane, index in self._writes.items()):
            # Not after every write to the buffer: see about those to these bytes.
            first, last = self._cover(begin, end)
            for position in range(first, last):
                write = self._segments[position].write
                if write is not None and clock[write[0]] < write[1]:
                    return Race(write, True, self._starts[position], self._segments[position].end)
        lane, index = access
        self._wide_reads.setdefault((begin, end), {})[lane] = index
        return None

    def write(self, begin: int, end: int, access: Access, clock: Clock) -> Race | None:
        """Note a write of the bytes from ``begin`` to ``end``, or return what it races with."""
        if self._wide_reads:
            race = self._write_over_wide(begin, end, clock)
            if race is not None:
                return race
        first, last = self._cover(begin, end)
        for position in range(first, last):
            segment = self._segments[position]
            before = segment.write
            if before is not None and clock[before[0]] < before[1]:
                return Race(before, True, self._starts[position], segment.end)
            if segment.reads is not None:
                for lane, index in segment.reads.items():
                    if clock[lane] < index:
                        return Race((lane, index), False, self._starts[position], segment.end)
        if last - first == 1:
            segment = self._segments[first]
            segment.write, segment.reads = access, None
        else:
            self._segments[first:last] = [_Segment(end, access, None)]
            self._starts[first:last] = [begin]
        self._writes[access[0]] = access[1]
        return None

    def _write_over_wide(self, begin: int, end: int, clock: Clock) -> Race | None:
        for (read_begin, read_end), reads in list(self._wide_reads.items()):
            if read_begin < end and begin < read_end:
                for lane, index in reads.items():
                    if clock[lane] < index:
                        return Race((lane, index), False, read_begin, read_end)
                if begin <= read_begin and read_end <= end:
                    del self._wide_reads[read_begin, read_end]
        return None

    def _cover(self, begin: int, end: int) -> tuple[int, int]:
        """Positions of the segments from ``begin`` to ``end``, cut there if need be."""
        first = bisect_right(self._starts, begin) - 1
        segment = self._segments[first]
        if self._starts[first] == begin and segment.end == end:
            return first, first + 1
        if self._starts[first] != begin:
            first += 1
            self._cut(first, begin)
        last = bisect_left(self._starts, end) - 1
        if self._segments[last].end != end:
            self._cut(last + 1, end)
        return first, last + 1

    def _cut(self, position: int, at: int) -> None:
        """Cut the segment before ``position`` in two at byte ``at``."""
        left = self._segments[position - 1]
        reads = None if left.reads is None else dict(left.reads)
        self._segments.insert(position, _Segment(left.end, left.write, reads))
        self._starts.insert(position, at)
        left.end = at
