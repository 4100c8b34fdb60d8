"""Measures of any window at once: those of a report, from sums that the index keeps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np

from timeline.analysis import Window, Work, copies, overlaps, utilization
from timeline.engines import ENGINES, HOST
from timeline.intervals import Coverage
from timeline.tiles.index import Index
from timeline.trace import Meta, Trace

__all__ = ["measures"]


@cache
def _no_trace() -> Trace:
    return Trace.from_tables(Meta("index"), {})


class _Measured(Work):
    """What a device did in a window, as the index knows it; the formulas are those of reports."""

    def __init__(self, index: Index, device: int, start: int, end: int) -> None:
        rows = np.zeros(0, np.int64)
        super().__init__(_no_trace(), device, rows, Window(start, end), (start, end))
        object.__setattr__(self, "index", index)

    index: Index

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Activities of each engine that have a ns of the window."""
        window, tracks = self.window, self.index.tracks
        found = {
            engine: sum(tracks[n].inside(window.start_ns, window.end_ns) for n in numbers)
            for engine, numbers in self.index.engines[self.device].items()
        }
        return {engine: found[engine] for engine in ENGINES if found.get(engine)}

    @cached_property
    def coverage(self) -> Coverage:
        """Time in each set of busy engines; lane i is ``engines[i]``."""
        sets = self.index.sets[self.device]
        kept = sets.within(self.window.start_ns, self.window.end_ns).by_set_ns
        bits = [self.engines.index(e) if e in self.engines else -1 for e in sets.engines]
        by_set = np.zeros(1 << len(self.engines), np.int64)
        for code in np.flatnonzero(kept).tolist():
            moved = sum(1 << to for i, to in enumerate(bits) if code >> i & 1 and to >= 0)
            by_set[moved] += kept[code]
        return Coverage(len(self.engines), by_set)

    @cached_property
    def engines(self) -> tuple[str, ...]:
        """The engines to report."""
        return super().engines

    @cached_property
    def _spent(self) -> list[tuple[int, int]]:
        """The few sets that have any time, and how much, ns: looked through faster than arrays."""
        by_set = self.coverage.by_set_ns
        return [(code, int(by_set[code])) for code in np.flatnonzero(by_set).tolist()]

    def _mask(self, engines: tuple[str, ...]) -> int:
        return sum(1 << self.engines.index(engine) for engine in engines)

    def busy_ns(self, *engines: str) -> int:
        """|B(e) ∪ B(f) ∪ …|, ns."""
        wanted = self._mask(tuple(engine for engine in engines if engine in self.engines))
        return sum(ns for code, ns in self._spent if code & wanted)

    def overlap_ns(self, *engines: str) -> int:
        """|B(e) ∩ B(f) ∩ …|, ns."""
        if any(engine not in self.engines for engine in engines):
            return 0
        wanted = self._mask(engines)
        return sum(ns for code, ns in self._spent if code & wanted == wanted)


def measures(index: Index, start: int, end: int) -> list[dict[str, Any]]:
    """Of each device what ``timeline report --window`` says of ``[start, end)``.

    Parameters
    ----------
    start, end : int
        Ns after the index's origin.

    Returns
    -------
    list of dict
        Under the names that a report's JSON has: ``engines``, ``overlaps``, ``copy_ns`` and so on.

    Raises
    ------
    UsageError
        For a window that ends before it starts.
    """
    return [_device(_Measured(index, device, start, end)) for device in index.sets]


def _device(work: _Measured) -> dict[str, Any]:
    moved = copies(work)
    busy = work.busy_ns(*(engine for engine in work.engines if engine != HOST))
    return {
        "device": work.device,
        "makespan_ns": work.window.length_ns,
        "engines": {
            row.engine: {
                "busy_ns": row.busy_ns,
                "busy_ratio": row.busy_ratio,
                "activities": row.activities,
            }
            for row in utilization(work)
        },
        "overlaps": [
            {"engines": list(row.engines), "overlap_ns": row.overlap_ns, "ratio": row.ratio}
            for row in overlaps(work)
        ],
        "copy_ns": moved.copy_ns,
        "hidden_copy_ns": moved.hidden_ns,
        "hidden_copy_ratio": moved.hidden_ratio,
        "exposed_copy_ns": moved.exposed_ns,
        "concurrency_ns": work.coverage.concurrency_ns().tolist(),
        "idle_ns": work.window.length_ns - busy,
    }
