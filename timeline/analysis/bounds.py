"""How short the makespan of this work could be, and how near it came.

Three figures, from the loosest to the tightest:

``engine_bound_ns`` = max_e |B(e)|
    Each engine needs the time it was busy, whatever the order.
``bound_ns`` = max(engine bound, critical path)
    The critical path is the longest chain of event edges and stage edges (their meaning:
    :mod:`timeline.analysis.dependencies`). No schedule of the same activities that keeps those
    dependencies is shorter. The order between batches that merely share a stream is not part of it:
    otherwise a serial baseline would be its own bound, and its pipeline efficiency 1.
``issued_path_ns``
    The longest chain through *all* the order that was issued: streams, events, the legacy default
    stream. Nothing shorter can come of this program as it was written: where it is near the
    makespan and the bound is not, the order of issue is what costs.

Where dependencies exist that a trace does not show (a kernel that reads what a kernel before it in
the same stream wrote), the bound is lower than the best schedule: efficiency is understated, never
overstated. It also takes the durations as they were; kernels that share the SMs may get slower.
"""

from __future__ import annotations

from dataclasses import dataclass

from timeline.analysis.dependencies import NO_EDGES, event_edges, opens_stage_chain
from timeline.analysis.legacy_order import legacy_edges
from timeline.analysis.longest_path import longest_path_ns
from timeline.analysis.work import Work

__all__ = ["Bound", "bound"]


@dataclass(frozen=True, slots=True)
class Bound:
    """Bounds of a device's makespan in a window, ns.

    Attributes
    ----------
    makespan_ns : int
        |W|: of a repeat or a trace, from the first activity's start to the last one's end.
    total_ns : int
        Σ |B(e)|.
    limiting_engine : str or None
        The engine of the engine bound; None when nothing was busy.
    issued_path_ns : int or None
        None when the trace does not tell in which order work was issued.
    notes : tuple of str
        What could not be known.
    """

    makespan_ns: int
    total_ns: int
    engine_bound_ns: int
    limiting_engine: str | None
    critical_path_ns: int
    issued_path_ns: int | None
    notes: tuple[str, ...] = ()

    @property
    def bound_ns(self) -> int:
        """The longer of engine bound and critical path, ns."""
        return max(self.engine_bound_ns, self.critical_path_ns)

    @property
    def pipeline_efficiency(self) -> float | None:
        """Bound / makespan: 1 when the limiting engine never idled. None without a makespan."""
        return self.bound_ns / self.makespan_ns if self.makespan_ns else None

    @property
    def overlap_efficiency(self) -> float | None:
        """(Σ|B(e)| − makespan) / (Σ|B(e)| − bound): the part of the possible overlap that was had.

        Below 0 when all engines were idle for longer than any two overlapped; without a lower
        limit, so far below 0 it tells of idle time alone. None when there was nothing to overlap:
        Σ|B(e)| = bound.
        """
        possible = self.total_ns - self.bound_ns
        return (self.total_ns - self.makespan_ns) / possible if possible > 0 else None


def bound(work: Work) -> Bound:
    """Bounds of the work in its window; within a window asked for, of the parts inside it."""
    busy = {engine: work.busy_ns(engine) for engine in work.engines}
    limiting = max(busy, key=lambda engine: busy[engine])
    lo, hi = work.window.start_ns, work.window.end_ns
    starts, ends = work.starts.clip(lo, hi), work.ends.clip(lo, hi)
    events = event_edges(work)
    critical = longest_path_ns(
        starts,
        ends,
        work.by_stream,
        opens_stage_chain(work),
        NO_EDGES if events is None else events,
    )
    issued, notes = None, []
    legacy = legacy_edges(work)
    if events is None:
        notes.append("Streams waited for events, but the trace does not show which records.")
    if legacy is None:
        notes.append("The trace does not tell which streams synchronise with the legacy stream.")
    if events is not None and legacy is not None:
        every = events.and_(legacy)
        issued = longest_path_ns(starts, ends, work.by_stream, work.opens_stream, every)
    return Bound(
        work.window.length_ns,
        sum(busy.values()),
        busy[limiting],
        limiting if busy[limiting] else None,
        critical,
        issued,
        tuple(notes),
    )
