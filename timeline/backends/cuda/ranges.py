"""NVTX ranges of a Program: shown to every tool that listens, and kept for the trace.

What reaches CUPTI depends on when NVTX was first used in the process, so the trace takes its own
ranges from here, and the collector's copies of them are left out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from timeline.trace import table

__all__ = ["DOMAIN", "Ranges"]

DOMAIN = "timeline"

Row = tuple[str, str, int | None, int, int, int]


class Ranges:
    """Push and pop NVTX ranges of the domain ``timeline``, and keep them with host times.

    Parameters
    ----------
    clock : callable
        Now, in ns, on the collector's clock.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        import nvtx

        self._clock = clock
        self._domain = nvtx.get_domain(DOMAIN)
        self._local = threading.local()
        self._rows: list[Row] = []
        self.keep = False

    def pusher(self, name: str, category: str = "", color: int | None = None) -> Callable[[], None]:
        """Prepare a push; what it returns pushes the range on the calling thread."""
        given: dict[str, Any] = {"message": name}
        if category:
            given["category"] = category
        if color is not None:
            given["color"] = color
        attributes, label = self._domain.get_event_attributes(**given), (name, category, color)
        push, clock, stack = self._domain.push_range, self._clock, self._stack

        def issue() -> None:
            push(attributes)
            stack().append((label, clock()))

        return issue

    def pop(self) -> None:
        """Pop the calling thread's innermost range."""
        (name, category, color), start = self._stack().pop()
        end = self._clock()
        self._domain.pop_range()
        if self.keep:
            thread = threading.get_native_id()
            self._rows.append((name, category, color, start, end, thread))

    def close(self, depth: int = 0) -> None:
        """Pop what the calling thread has open beyond ``depth`` ranges."""
        while len(self._stack()) > depth:
            self.pop()

    @property
    def depth(self) -> int:
        """Ranges that the calling thread has open."""
        return len(self._stack())

    def _stack(self) -> list[tuple[tuple[str, str, int | None], int]]:
        found: list[tuple[tuple[str, str, int | None], int]] | None
        found = getattr(self._local, "stack", None)
        if found is None:
            found = self._local.stack = []
        return found

    def table(self) -> pa.Table:
        """The ranges that were kept, by start; the outer of two that start together first."""
        rows = sorted(self._rows, key=lambda row: (row[3], -row[4]))
        count = len(rows)
        return table(
            "ranges",
            {
                "name": [row[0] for row in rows],
                "kind": ["push_pop"] * count,
                "domain": [DOMAIN] * count,
                "category": [row[1] or None for row in rows],
                "color": [row[2] for row in rows],
                "start": [row[3] for row in rows],
                "end": [row[4] for row in rows],
                "process": [os.getpid()] * count,
                "thread": [row[5] for row in rows],
            },
            count,
        )
