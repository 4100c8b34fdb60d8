"""Rows of the host: the API calls of each thread, its own work, and its NVTX ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline.figures.cut import Cut
from timeline.figures.device_lanes import no_bars
from timeline.figures.lane import Bars, Lane
from timeline.figures.palette import role_code
from timeline.trace import Trace

__all__ = ["HostLanes", "blocks_host"]

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_WAITING = ("Synchronize", "cudaMalloc", "cudaFree", "cudaMemcpy", "cuMemAlloc", "cuMemFree")


def blocks_host(call: str) -> bool:
    """Whether a call, by its name, keeps the host thread until the device is done.

    True for synchronisation, cudaMalloc, cudaFree and copies that aren't asynchronous; CUPTI adds
    version suffixes such as ``_v3020``, which don't matter here.
    """
    waits = any(part in call for part in _WAITING) or call.startswith("cuMemcpy")
    return waits and "Async" not in call


@dataclass(frozen=True, eq=False)
class HostLanes:
    """Makes the lanes of all host threads of a trace."""

    cut: Cut

    @cached_property
    def threads(self) -> list[tuple[int, int]]:
        """(process, thread) of all host threads of a trace, in order of first appearance."""
        found: dict[tuple[int, int], None] = {}
        for table in ("calls", "ranges"):
            process, thread = self._threads_of(table, np.arange(self._trace.rows(table)))
            pairs = np.stack([process, thread], axis=1)
            unique, place = np.unique(pairs, axis=0, return_index=True)
            for p, t in unique[np.argsort(place)].tolist():
                found.setdefault((p, t))
        return list(found)

    @property
    def _trace(self) -> Trace:
        return self.cut.trace

    def _threads_of(self, table: str, rows: Int64) -> tuple[Int64, Int64]:
        return self._trace.column(table, "process")[rows], self._trace.column(table, "thread")[rows]

    def _label(self, index: int) -> str:
        return "host thread" if len(self.threads) == 1 else f"host thread {index + 1}"

    def lanes(self) -> Iterator[Lane]:
        """Thread by thread: NVTX ranges, its own work, calls. Empty lanes are left out."""
        ranges, calls = self.cut.rows("ranges"), self.cut.rows("calls")
        work = self._in_category(ranges, "host_work")
        repeat = self._in_category(ranges, "repeat")
        shown = ~work & ~repeat if self.cut.repeat is not None else ~work
        for index, thread in enumerate(self.threads):
            label = self._label(index)
            yield from self._lane("NVTX", "ranges", ranges[shown], thread, label)
            yield from self._lane("own work", "ranges", ranges[work], thread, label)
            yield from self._lane("API calls", "calls", calls, thread, label)

    def _in_category(self, rows: Int64, category: str) -> Mask:
        names = self._trace.names("ranges", "category")
        if category not in names:
            return np.zeros(len(rows), np.bool_)
        found: Mask = self._trace.column("ranges", "category")[rows] == names.index(category)
        return found

    def _lane(
        self, label: str, table: str, rows: Int64, thread: tuple[int, int], group: str
    ) -> Iterator[Lane]:
        process, number = self._threads_of(table, rows)
        rows = rows[(process == thread[0]) & (number == thread[1])]
        if not len(rows):
            return
        trace = self._trace
        start, end = trace.column(table, "start")[rows], trace.column(table, "end")[rows]
        name = trace.column(table, "name")[rows].astype(np.int32)
        names = trace.names(table, "name")
        roles = _roles(label, name, names)
        if table == "calls":
            roles[_staged(trace, rows)] = role_code("blocked")
        bars = Bars.plain(start, end, roles, name, rows)
        key = f"host{thread[0]}.{thread[1]}/{label}"
        yield Lane(key, label, group, table, bars, names, no_bars())


def _roles(label: str, name: Int32, names: list[str]) -> Int32:
    if label != "API calls":
        role = role_code("range" if label == "NVTX" else "host_work")
        return np.full(len(name), role, np.int32)
    blocked, call = role_code("blocked"), role_code("call")
    looks = np.array([blocked if blocks_host(n) else call for n in names] or [call], np.int32)
    roles: Int32 = looks[name]
    return roles


def _staged(trace: Trace, calls: Int64) -> Mask:
    """Calls that were still running when the copy that they issued, of pageable memory, began.

    Whatever their name says, such copies are staged by the host.
    """
    pageable = np.zeros(trace.rows("activities"), np.bool_)
    for column in ("src_kind", "dst_kind"):
        names = trace.names("activities", column)
        if "pageable" in names:
            pageable |= trace.column("activities", column) == names.index("pageable")
    rows = np.flatnonzero(pageable)
    issued = trace.column("activities", "correlation")[rows]
    by_call = np.argsort(issued, kind="stable")
    rows, issued = rows[by_call], issued[by_call]
    wanted = trace.column("calls", "correlation")[calls]
    place = np.minimum(np.searchsorted(issued, wanted), max(len(issued) - 1, 0))
    if not len(issued):
        return np.zeros(len(calls), np.bool_)
    began = trace.column("activities", "start")[rows[place]]
    staged: Mask = (issued[place] == wanted) & (trace.column("calls", "end")[calls] > began)
    return staged
