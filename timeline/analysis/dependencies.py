"""What a trace says about which activity had to wait for which.

A trace has no buffers in it, so true data dependencies are not known. Four kinds of edges can be
read from it, each "finish to start", and each kept only if it held: an edge whose source ended
after its target started is none.

``event edges``
    ``cudaEventRecord`` in one stream, ``cudaStreamWaitEvent`` on it in another: from the last
    activity issued before the record to the first one issued after the wait. The program asked for
    this order between streams, so it is taken for a dependency.
``stage edges``
    Directly after one another in one stream: a copy into the device, then a kernel; a kernel, then
    a copy out of the device. Taken for a dependency: the kernel uses what was brought, the copy
    takes away what was made. They join at most three activities: copy in, kernel, copy out.
``stream edges``
    Any two activities directly after one another in one stream. CUDA keeps this order, but it says
    nothing about data: batches that follow each other in one stream are mostly independent. So it
    is *not* taken for a dependency, only for the order in which the work was issued.
``legacy edges``
    Between the legacy default stream and the blocking streams of its context: implicit, and mostly
    not meant. Order of issue too.

Order of issue is that of correlation ids, which CUPTI hands out call by call.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.matching import first_after, latest_before, pair_codes
from timeline.analysis.work import Work
from timeline.engines import D2H, ENGINES, H2D, P2P, SM
from timeline.intervals import Int64

__all__ = ["NO_EDGES", "Edges", "event_edges", "held", "opens_stage_chain"]

Bools = npt.NDArray[np.bool_]

_NO_STAGE, _IN, _COMPUTE, _OUT = -9, 0, 1, 2


@dataclass(frozen=True, eq=False, slots=True)
class Edges:
    """``targets[i]`` waited for ``sources[i]``: places in a Work's arrays, shape (n,)."""

    sources: Int64
    targets: Int64

    def __len__(self) -> int:
        return len(self.sources)

    def kept(self, keep: Bools) -> Edges:
        """Those where ``keep`` holds."""
        return Edges(self.sources[keep], self.targets[keep])

    def and_(self, other: Edges) -> Edges:
        """Both together."""
        return Edges(
            np.concatenate((self.sources, other.sources)),
            np.concatenate((self.targets, other.targets)),
        )


NO_EDGES = Edges(np.zeros(0, np.int64), np.zeros(0, np.int64))


def event_edges(work: Work) -> Edges | None:
    """Event edges between streams of the device; None when the trace can't tell.

    It can't without correlation ids, or when streams waited and no event record was traced.
    """
    waits = _Issued(work, "syncs", kind="stream_wait_event")
    if not len(waits.rows):
        return NO_EDGES
    records = _Issued(work, "events")
    issued = work.column("correlation")
    if not len(records.rows) or not bool((issued >= 0).any()):
        return None
    record_of, wait_of = pair_codes(
        (records.column("process"), records.column("event")),
        (waits.column("process"), waits.column("event")),
    )
    matched = latest_before(
        record_of, records.column("correlation"), wait_of, waits.column("correlation")
    )
    found = matched >= 0
    return _between(work, issued, records.some(matched[found]), waits.some(found))


class _Issued:
    """Rows of a table that concern the work's device (or name none) and whose issue is known."""

    def __init__(self, work: Work, table: str, kind: str | None = None) -> None:
        self.work, self.table = work, table
        column = work.trace.column
        device = column(table, "device")
        keep = work.concerns(device) & (column(table, "correlation") >= 0)
        if kind is not None:
            names = work.trace.names(table, "kind")
            keep = keep & (column(table, "kind") == (names.index(kind) if kind in names else -2))
        self.rows = np.flatnonzero(keep)

    def column(self, name: str) -> Int64:
        return np.asarray(self.work.trace.column(self.table, name)[self.rows])

    def some(self, places: npt.NDArray[np.generic]) -> _Issued:
        """Those at ``places``."""
        chosen = copy(self)
        chosen.rows = self.rows[places]
        return chosen


def _between(work: Work, issued: Int64, records: _Issued, waits: _Issued) -> Edges:
    streams, here, there = pair_codes(
        (work.column("process"), _handles(work, work.column)),
        (records.column("process"), _handles(work, records.column)),
        (waits.column("process"), _handles(work, waits.column)),
    )
    sources = latest_before(streams, issued, here, records.column("correlation"))
    targets = first_after(streams, issued, there, waits.column("correlation"))
    edges = Edges(sources, targets).kept((sources >= 0) & (targets >= 0) & (here != there))
    return held(work, edges)


def _handles(work: Work, column: Callable[[str], Int64]) -> Int64:
    """Ids of streams; streams of several devices may have the same."""
    if not work.beside:
        return column("stream")
    return column("stream") * (max(work.device, *work.beside) + 2) + column("device") + 1


def held(work: Work, edges: Edges) -> Edges:
    """Without those whose source ended after their target started."""
    return edges.kept(work.ends[edges.sources] <= work.starts[edges.targets])


def opens_stage_chain(work: Work) -> Bools:
    """Whether ``by_stream[i]`` is *not* joined to its predecessor by a stage edge; shape (n,)."""
    order = work.by_stream
    stage = _stages(work)[order]
    starts, ends = work.starts[order], work.ends[order]
    joined = (stage[1:] - stage[:-1] == 1) & (stage[:-1] >= _IN) & (ends[:-1] <= starts[1:])
    opens = work.opens_stream.copy()
    opens[1:] |= ~joined
    return opens


def _stages(work: Work) -> npt.NDArray[np.int64]:
    """0 for copies into the device, 1 for kernels, 2 for copies out of it."""
    stage = np.full(len(work.rows), _NO_STAGE, np.int64)
    codes = work.engine_codes
    stage[codes == ENGINES.index(H2D)] = _IN
    stage[codes == ENGINES.index(SM)] = _COMPUTE
    stage[codes == ENGINES.index(D2H)] = _OUT
    peer = codes == ENGINES.index(P2P)
    if bool(peer.any()):
        stage[peer & (work.column("dst_device") == work.device)] = _IN
        stage[peer & (work.column("src_device") == work.device)] = _OUT
    return stage
