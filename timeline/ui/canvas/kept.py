"""Indices of the traces that are open: one for all sessions, built or read when first wanted."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from timeline.samples import samples_folder
from timeline.tiles import Index, build, keep, kept
from timeline.trace import Trace

__all__ = ["KEPT", "Kept", "Stored"]

WORTH_KEEPING = 300_000
"""Activities from which on an index is written to the disk; smaller ones are built in no time."""

MOST_BYTES = 4 << 30
"""Of all indices together; those that nobody has asked for longest are let go."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The folder or zip that a trace was read from, and what tells its content."""

    path: Path
    identity: str


@dataclass(eq=False)
class Kept:
    """Indices by trace, within a budget."""

    most_bytes: int = MOST_BYTES
    _stored: WeakKeyDictionary[Trace, Stored] = field(default_factory=WeakKeyDictionary)
    _indices: OrderedDict[str, Index] = field(default_factory=OrderedDict)
    _names: WeakKeyDictionary[Trace, str] = field(default_factory=WeakKeyDictionary)
    _building: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def tell(self, trace: Trace, stored: Stored, index: Index | None = None) -> None:
        """Say where a trace was read from, and its index if that is known."""
        with self._lock:
            self._stored[trace] = stored
            self._names[trace] = stored.identity
        if index is not None:
            self._put(stored.identity, index)

    def has(self, trace: Trace) -> bool:
        """Whether the index is there at once."""
        with self._lock:
            return self._names.get(trace, "") in self._indices

    def index(self, trace: Trace) -> Index:
        """The index of a trace; who asks at once waits for the one that builds it.

        Raises
        ------
        TraceError
            For a trace that spans 52 days or more.
        """
        name = self._name(trace)
        found = self._get(name)
        if found is not None:
            return found
        with self._lock:
            turn = self._building.setdefault(name, threading.Lock())
        with turn:
            found = self._get(name)
            if found is None:
                found = self._made(trace)
                self._put(name, found)
        return found

    def _made(self, trace: Trace) -> Index:
        stored = self._stored.get(trace)
        if stored is None:
            return build(trace)
        found = kept(stored.path, stored.identity)
        if found is not None:
            return found
        found = build(trace)
        threading.Thread(target=self.keep, args=(trace, found)).start()
        return found

    def keep(self, trace: Trace, index: Index) -> None:
        """Write an index to the disk, if the trace lies there and it is worth it."""
        stored = self._stored.get(trace)
        if stored is None or trace.rows("activities") < WORTH_KEEPING:
            return
        samples = samples_folder()
        near = samples is None or samples.resolve() not in stored.path.resolve().parents
        keep(index, stored.path, stored.identity, near=near)

    def _name(self, trace: Trace) -> str:
        with self._lock:
            if trace not in self._names:
                self._count += 1
                self._names[trace] = f"unstored {self._count}"
            return self._names[trace]

    def _get(self, name: str) -> Index | None:
        with self._lock:
            found = self._indices.get(name)
            if found is not None:
                self._indices.move_to_end(name)
            return found

    def _put(self, name: str, index: Index) -> None:
        with self._lock:
            self._indices[name] = index
            self._indices.move_to_end(name)
            self._let_go()

    def _let_go(self) -> None:
        """Those of traces that are gone, then the oldest; never the newest."""
        named = set(self._names.values())
        for name in [name for name in self._indices if name not in named]:
            del self._indices[name]
        while len(self._indices) > 1 and self.nbytes > self.most_bytes:
            self._indices.popitem(last=False)

    @property
    def nbytes(self) -> int:
        """Of all that are held."""
        return sum(index.nbytes for index in self._indices.values())


KEPT = Kept()
"""Of this server."""
