"""When an activity could have started, had nothing held it."""

from __future__ import annotations

import numpy as np

from timeline.analysis.dependencies import NO_EDGES, event_edges
from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["enqueued_ns", "ready_ns"]

_UNKNOWN = np.iinfo(np.int64).min


def enqueued_ns(work: Work) -> Int64 | None:
    """When each activity was in its stream, trace time, ns; shape (n,).

    The time at which CUPTI saw it enter the command buffer, or else the end of the call that issued
    it. None when the trace has neither for every activity.
    """
    queued = work.column("queued")
    missing = queued < 0
    if bool(missing.any()):
        returned = _call_ends(work)
        queued = np.where(missing, returned, queued)
    return None if bool((queued == _UNKNOWN).any()) else np.asarray(queued)


def _call_ends(work: Work) -> Int64:
    """End of the call of each activity, or ``_UNKNOWN``."""
    trace = work.trace
    calls = trace.column("calls", "correlation")
    if len(calls) == 0:
        return np.full(len(work.rows), _UNKNOWN)
    order = np.argsort(calls, kind="stable")
    issued = work.column("correlation")
    at = np.minimum(np.searchsorted(calls, issued, "right", sorter=order) - 1, len(calls) - 1)
    row = order[np.maximum(at, 0)]
    found = (calls[row] == issued) & (issued >= 0)
    return np.where(found, trace.column("calls", "end")[row], _UNKNOWN)


def ready_ns(work: Work) -> Int64 | None:
    """When each activity could have started by stream order and events alone, ns; shape (n,).

    The latest of: the start of the window, its enqueueing, the end of the activity before it in its
    stream, the ends of what its stream waited for by events. None when enqueueing is not known.
    """
    enqueued = enqueued_ns(work)
    if enqueued is None:
        return None
    ready = np.maximum(enqueued, work.window.start_ns)
    order, opens = work.by_stream, work.opens_stream
    after = order[1:][~opens[1:]]
    before = order[:-1][~opens[1:]]
    ready[after] = np.maximum(ready[after], work.ends[before])
    edges = event_edges(work) or NO_EDGES
    np.maximum.at(ready, edges.targets, work.ends[edges.sources])
    return ready
