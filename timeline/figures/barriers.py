"""What holds others back, and kernels of one stream that overlap nevertheless (PDL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.figures.cut import Cut
from timeline.figures.lane import Bars
from timeline.figures.palette import role_code
from timeline.trace import Trace

__all__ = ["Held", "held", "overlaps_in_streams"]

Int64 = npt.NDArray[np.int64]

_CALL = {"malloc": "cudaMalloc", "free": "cudaFree"}


@dataclass(frozen=True, eq=False)
class Held:
    """Activities of the legacy default stream of a device, and the streams that wait for them.

    Attributes
    ----------
    rows : (n,) int64
        Rows of the legacy default stream's activities.
    names, kinds : dict of int to str
        Of the device's streams, by id, as far as the trace says.
    """

    trace: Trace
    device: int
    rows: Int64
    names: dict[int, str]
    kinds: dict[int, str]

    def over(self, stream: int) -> Bars:
        """Spans in which the legacy default stream keeps ``stream`` from running."""
        waits = self.kinds.get(stream) in ("blocking", "per_thread")
        rows = self.rows if waits else self.rows[:0]
        start = self.trace.column("activities", "start")[rows]
        end = self.trace.column("activities", "end")[rows]
        return Bars.plain(start, end, role_code("barrier"))

    def barriers(self, cut: Cut) -> tuple[Bars, list[str]]:
        """Spans of what holds other streams or all of the device, and names for them."""
        spans = sorted([*self._legacy(), *self._allocations(cut)])
        words = list(dict.fromkeys(name for _, _, name in spans))
        bars = Bars.plain(
            np.array([start for start, _, _ in spans], np.int64),
            np.array([end for _, end, _ in spans], np.int64),
            role_code("barrier"),
            np.array([words.index(name) for _, _, name in spans], np.int32),
        )
        return bars, words

    def _legacy(self) -> Iterator[tuple[int, int, str]]:
        names = self.trace.names("activities", "name")
        columns = (self.trace.column("activities", c)[self.rows] for c in ("start", "end", "name"))
        for start, end, code in zip(*(c.tolist() for c in columns), strict=True):
            what = names[code] if code >= 0 else "activity"
            yield start, end, f"legacy default stream: {what}"

    def _allocations(self, cut: Cut) -> Iterator[tuple[int, int, str]]:
        names, rows = self.trace.names("allocs", "kind"), cut.rows("allocs")
        columns = (self.trace.column("allocs", c)[rows] for c in ("start", "end", "kind", "device"))
        for start, end, kind, device in zip(*(c.tolist() for c in columns), strict=True):
            if kind >= 0 and names[kind] in _CALL and device in (self.device, -1):
                yield start, end, _CALL[names[kind]]


def held(trace: Trace, rows: Int64, device: int) -> Held:
    """Find the legacy default stream's activities among ``rows`` of a device."""
    table = trace.tables["streams"]
    names: dict[int, str] = {}
    kinds: dict[int, str] = {}
    columns = [table[c].to_pylist() for c in ("device", "stream", "kind", "name")]
    for dev, stream, kind, name in zip(*columns, strict=True):
        if dev in (device, None):
            names[stream], kinds[stream] = name or "", kind or ""
    legacy = [stream for stream, kind in kinds.items() if kind == "legacy"]
    mine = np.isin(trace.column("activities", "stream")[rows], legacy)
    return Held(trace, device, rows[mine], names, kinds)


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
