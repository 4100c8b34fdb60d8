"""What holds others back, and kernels of one stream that overlap nevertheless (PDL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline import intervals
from timeline.analysis.barriers import Barriers, barriers
from timeline.analysis.host_waits import host_waits
from timeline.analysis.work import Work
from timeline.figures.lane import Bars
from timeline.figures.palette import role_code
from timeline.trace import Trace

__all__ = ["Held", "overlaps_in_streams"]

Int64 = npt.NDArray[np.int64]
Span = tuple[int, int, str]

_CALL = {"malloc": "cudaMalloc", "free": "cudaFree"}


@dataclass(frozen=True, eq=False)
class Held:
    """Who waited for whom on a device."""

    work: Work

    @cached_property
    def _legacy(self) -> Barriers | None:
        return barriers(self.work)

    def over(self, stream: int) -> Bars:
        """Spans in which activities of ``stream`` were ready but held by the default stream."""
        found, nothing = self._legacy, np.empty(0, np.int64)
        if found is None:
            return Bars.plain(nothing, nothing, role_code("barrier"))
        mine = self.work.trace.column("activities", "stream")[found.waiting] == stream
        spans = intervals.union(found.starts[mine], found.ends[mine])
        return Bars.plain(*spans, role_code("barrier"))

    def spans(self, *, legacy: bool) -> tuple[Bars, list[str]]:
        """Allocations that waited and, if asked, activities that held others; with their names."""
        found = sorted([*self._allocations(), *(self._holders() if legacy else ())])
        words = list(dict.fromkeys(name for _, _, name in found))
        bars = Bars.plain(
            np.array([start for start, _, _ in found], np.int64),
            np.array([end for _, end, _ in found], np.int64),
            role_code("barrier"),
            np.array([words.index(name) for _, _, name in found], np.int32),
        )
        return bars, words

    def _holders(self) -> Iterator[Span]:
        """Each activity that held others: from the first wait for it to its end."""
        found = self._legacy
        if found is None:
            return
        names = self.work.trace.names("activities", "name")
        codes = self.work.trace.column("activities", "name")
        for row in np.unique(found.waited_for).tolist():
            mine = found.waited_for == row
            what = names[codes[row]] if codes[row] >= 0 else "an activity"
            waits = f"{int(mine.sum())} held at the legacy default stream by {what}"
            yield int(found.starts[mine].min()), int(found.ends[mine].max()), waits

    def _allocations(self) -> Iterator[Span]:
        waits = host_waits(self.work)
        columns = (waits.starts.tolist(), waits.ends.tolist(), waits.outstanding_ns.tolist())
        for kind, start, end, outstanding in zip(waits.kinds, *columns, strict=True):
            if kind in _CALL and outstanding:
                yield start, end, f"{_CALL[kind]} waited for the device"


def overlaps_in_streams(trace: Trace, rows: Int64) -> Bars:
    """Where a kernel starts before its predecessor in the same stream has ended.

    Streams run their kernels in order, so that only programmatic dependent launch (or the branches
    of a graph, which a trace shows in the stream of the launch) makes such spans.
    """
    kinds = trace.names("activities", "kind")
    kernel = kinds.index("kernel") if "kernel" in kinds else -2
    rows = rows[trace.column("activities", "kind")[rows] == kernel]
    stream = trace.column("activities", "stream")[rows]
    start, end = (trace.column("activities", c)[rows] for c in ("start", "end"))
    order = np.lexsort((start, stream))
    start, end, stream = start[order], end[order], stream[order]
    stop = np.minimum(end[:-1], end[1:])
    both = (stream[1:] == stream[:-1]) & (start[1:] < stop)
    by_start = np.argsort(start[1:][both], kind="stable")
    return Bars.plain(start[1:][both][by_start], stop[both][by_start], role_code("pdl"))
