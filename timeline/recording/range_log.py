"""Ranges and marks that Python code pushes, with times of the recording's clock.

Libraries' own NVTX calls reach CUPTI; those of Python packages are taken here, as CUPTI leaves out
named domains and the names of categories.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from timeline.trace import table
from timeline.trace.columns import Masked

__all__ = ["DEFAULT_DOMAIN", "Described", "RangeLog"]

DEFAULT_DOMAIN = "NVTX"
_FIRST_ID = 1 << 62  # far above the ids that NVTX itself gives
_KINDS = ("push_pop", "start_end", "mark")
_PUSH_POP, _START_END, _MARK = range(3)


class Described(NamedTuple):
    """What NVTX is told about a range; None where nothing was said."""

    name: str
    domain: str = DEFAULT_DOMAIN
    category: str | None = None
    color: int | None = None
    payload: str | None = None


Open = tuple[Described, int]
Row = tuple[Described, int, int, int, int | None]


class _Thread(threading.local):
    """Ranges that a thread has open, by domain."""

    def __init__(self) -> None:
        self.id = threading.get_native_id()
        self.open: dict[str, list[Open]] = {}


class RangeLog:
    """Keeps ranges until it is closed.

    Parameters
    ----------
    clock : callable
        Now, in ns on the collector's clock.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._thread = _Thread()
        self._stacks: list[tuple[int, dict[str, list[Open]]]] = []
        self._started: dict[int, tuple[Described, int, int]] = {}
        self._ids = itertools.count(_FIRST_ID)
        self._rows: list[Row] = []
        self._closed = False

    def push(self, described: Described) -> bool:
        """Open a range on this thread; False if the log is closed."""
        if self._closed:
            return False
        thread = self._thread
        stack = thread.open.get(described.domain)
        if stack is None:
            if not thread.open:
                self._stacks.append((thread.id, thread.open))
            stack = thread.open[described.domain] = []
        stack.append((described, self._clock()))
        return True

    def pop(self, domain: str) -> bool:
        """Close this thread's innermost range of ``domain``; False if it was not pushed here."""
        thread = self._thread
        stack = thread.open.get(domain)
        if not stack:
            return False
        described, start = stack.pop()
        if not self._closed:
            self._rows.append((described, _PUSH_POP, start, self._clock(), thread.id))
        return True

    def depth(self, domain: str) -> int:
        """Ranges of ``domain`` that this thread has open."""
        return len(self._thread.open.get(domain, ()))

    def start(self, described: Described) -> int | None:
        """Open a range that any thread may end; None if the log is closed."""
        if self._closed:
            return None
        number = next(self._ids)
        self._started[number] = (described, self._clock(), self._thread.id)
        return number

    def end(self, number: int) -> bool:
        """Close a range by the number that :meth:`start` gave; False for any other number."""
        found = self._started.pop(number, None)
        if found is not None and not self._closed:
            described, start, thread = found
            self._rows.append((described, _START_END, start, self._clock(), thread))
        return found is not None or number >= _FIRST_ID

    def mark(self, described: Described) -> bool:
        """Note a point in time; False if the log is closed."""
        if self._closed:
            return False
        now = self._clock()
        self._rows.append((described, _MARK, now, now, self._thread.id))
        return True

    def close(self) -> None:
        """Take nothing more; what is open ends now.

        Ranges that were pushed here can still be popped, so that the pop does not close another.
        """
        self._closed = True
        now = self._clock()
        for thread, stacks in self._stacks:
            for stack in stacks.values():
                self._rows += [(d, _PUSH_POP, start, now, thread) for d, start in stack]
        self._rows += [(d, _START_END, s, now, t) for d, s, t in self._started.values()]

    def table(self) -> pa.Table:
        """The rows so far, which are then forgotten: by start, the outer of two before the inner.

        Other threads may add rows meanwhile; those come the next time.
        """
        rows = self._rows[:]
        del self._rows[: len(rows)]
        rows.sort(key=lambda row: (row[2], -row[3]))
        described = [row[0] for row in rows]
        spans = np.array([row[1:] for row in rows], np.int64).reshape(-1, 4)
        color = np.array([-1 if d.color is None else d.color for d in described], np.int64)
        return table(
            "ranges",
            {
                "name": _codes([d.name for d in described]),
                "kind": (spans[:, 0], _KINDS),
                "domain": _codes([d.domain for d in described]),
                "category": _codes([d.category for d in described]),
                "color": Masked(color.astype(np.uint32), color < 0),
                "payload": [d.payload for d in described],
                "start": spans[:, 1].copy(),
                "end": spans[:, 2].copy(),
                "process": np.full(len(rows), os.getpid(), np.int64),
                "thread": spans[:, 3].copy(),
            },
            len(rows),
        )


def _codes(values: list[str | None] | list[str]) -> tuple[object, list[str]]:
    """A dictionary column; None has the code -1."""
    names: dict[str | None, int] = {}
    codes = [-1 if v is None else names.setdefault(v, len(names)) for v in values]
    return np.array(codes, np.int32), [name for name in names if name is not None]
