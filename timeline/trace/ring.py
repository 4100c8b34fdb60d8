"""Which parts of a recording stay when only so many bytes may be kept: the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from timeline.trace.kept import Kept

__all__ = ["Part", "Ring"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the rows of each table, their bytes in all, and when it was written, ns."""

    rows: Mapping[str, int]
    nbytes: int
    until_ns: int


@dataclass(frozen=True, slots=True)
class Ring:
    """The parts that are kept, oldest first.

    Parameters
    ----------
    max_bytes : int or None
        The most that they may take together, but for the newest, which always stays; None for no
        limit, which needs no list of them.
    """

    max_bytes: int | None = None
    parts: tuple[Part, ...] = ()
    kept: Kept = field(default_factory=Kept)

    def after(self, new: Part) -> tuple[Ring, tuple[Part, ...]]:
        """The ring with ``new`` in it, and the parts that had to go for that, oldest first."""
        known = self.kept
        count, until = known.parts + 1, max(known.until_ns, new.until_ns)
        if self.max_bytes is None:
            return Ring(None, (), Kept(parts=count, until_ns=until)), ()
        room = self.max_bytes - new.nbytes - sum(part.nbytes for part in self.parts)
        gone = 0
        while room < 0 and gone < len(self.parts):
            room += self.parts[gone].nbytes
            gone += 1
        dropped = self.parts[:gone]
        kept = Kept(
            parts=count,
            until_ns=until,
            dropped_parts=known.dropped_parts + gone,
            dropped_rows=known.dropped_rows + sum(sum(p.rows.values()) for p in dropped),
            dropped_until_ns=max([known.dropped_until_ns, *(p.until_ns for p in dropped)]),
        )
        return Ring(self.max_bytes, (*self.parts[gone:], new), kept), dropped
