"""When a recording writes a part, how much of it is kept, and where without a folder."""

from __future__ import annotations

import dataclasses
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from timeline.errors import UsageError
from timeline.trace import Meta
from timeline.trace.kept import Kept
from timeline.trace.ring import Part, Ring

__all__ = ["Keeping", "Memory", "Place", "size_in_bytes"]

Tables = Mapping[str, pa.Table]

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
_LEAST_BYTES = 100_000
_BUFFER_BYTES = 8 << 20
EVERY_S = 5.0
PART_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a recording is kept while it runs.

    Attributes
    ----------
    every_s : float
        Seconds between parts: what a killed process loses at most, but for what still ran.
    part_bytes : int
        Raw records that may wait in memory; more are written at once.
    max_bytes : int or None
        The most that is kept, the newest of it; None keeps all.
    """

    every_s: float = EVERY_S
    part_bytes: int = PART_BYTES
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        if not self.every_s > 0:
            raise UsageError(f"a part every {self.every_s} s: must be more than 0")
        if self.max_bytes is not None and self.max_bytes < _LEAST_BYTES:
            raise UsageError(f"a size of {self.max_bytes} bytes is too small; give at least 100kB")

    @classmethod
    def of(cls, max_size: str | int | None, every_s: float | None) -> Keeping:
        """From what a user wrote; None is the default."""
        kept = None if max_size is None else size_in_bytes(max_size)
        # parts small enough that dropping one drops little of what is kept
        part = PART_BYTES if kept is None else min(PART_BYTES, max(_BUFFER_BYTES, kept))
        return cls(EVERY_S if every_s is None else every_s, part, kept)


def size_in_bytes(size: str | int) -> int:
    """A size such as ``2GB``, ``512MiB`` or a number of bytes.

    Raises
    ------
    UsageError
        For anything else.
    """
    found = _SIZE.fullmatch(str(size))
    if found is None:
        raise UsageError(f"{size!r} is no size; write one like 500MB or 2GiB")
    number, unit, binary = found.groups()
    base = 1024 if binary else 1000
    return int(float(number) * base ** " kmgt".index(unit.lower() or " "))


class Place(Protocol):
    """Where parts go; :class:`timeline.trace.store.TraceWriter` is the one on disk."""

    @property
    def kept(self) -> Kept:
        """What is there so far."""
        ...

    def append(
        self,
        tables: Tables,
        *,
        renewed: Tables | None = None,
        until_ns: int = 0,
        meta: Meta | None = None,
    ) -> None:
        """Take a part."""
        ...

    def close(self, meta: Meta | None = None, *, why: str = "") -> Meta:
        """End; says how much is there."""
        ...


class Memory:
    """Parts in memory.

    Parameters
    ----------
    max_bytes : int or None
        As in :class:`Keeping`, of Arrow's tables.
    """

    def __init__(self, meta: Meta, max_bytes: int | None) -> None:
        self._meta = meta
        self._ring = Ring(max_bytes)
        self._parts: deque[Tables] = deque()
        self._renewed: dict[str, pa.Table] = {}

    @property
    def kept(self) -> Kept:
        """What is there so far."""
        return self._ring.kept

    def append(
        self,
        tables: Tables,
        *,
        renewed: Tables | None = None,
        until_ns: int = 0,
        meta: Meta | None = None,
    ) -> None:
        """Take a part, and drop the oldest for it where there is a limit."""
        rows = {name: table.num_rows for name, table in tables.items()}
        size = sum(table.nbytes for table in tables.values())
        self._ring, dropped = self._ring.after(Part(rows, size, until_ns))
        self._parts.append(tables)
        for _ in dropped:
            self._parts.popleft()
        self._renewed |= renewed or {}
        self._meta = meta or self._meta

    def close(self, meta: Meta | None = None, *, why: str = "") -> Meta:
        """End; says how much is there."""
        kept = dataclasses.replace(self.kept, ended=not why, why=why)
        return (meta or self._meta).of(kept)

    def tables(self) -> dict[str, pa.Table]:
        """The parts as one."""
        names = {name for part in self._parts for name in part}
        joined = {
            name: pa.concat_tables([part[name] for part in self._parts if name in part])
            for name in names
        }
        return {**joined, **self._renewed}
