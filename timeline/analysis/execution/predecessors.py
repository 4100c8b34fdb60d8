"""Of all that an activity had to wait for on the device, what ended last."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from timeline.analysis.dependencies import NO_EDGES, Edges, event_edges
from timeline.analysis.legacy_order import legacy_edges
from timeline.analysis.work import Work
from timeline.engines import D2H, ENGINES, H2D, P2P, SM
from timeline.intervals import Int64

__all__ = ["EVENT", "LEGACY", "RESOURCE", "STREAM", "Predecessors", "predecessors"]

STREAM, EVENT, LEGACY, RESOURCE = range(4)
"""What orders the two: their stream, an event, the legacy default stream, a shared engine."""

UNHINDERED_NS = 10_000
"""An activity that starts within this time of what it had to wait for needed no free engine: a
launch takes 1.6 to 5 µs on an H200 (``samples/calibration``), twice that on a busy host."""

_NONE = -1
_NEVER = np.iinfo(np.int64).min
_RESOURCES = (SM, H2D, D2H, P2P)


@dataclass(frozen=True, eq=False, slots=True)
class Predecessors:
    """For each activity of a Work the predecessor that ended last.

    Attributes
    ----------
    sources : numpy.ndarray of int64, shape (n,)
        Its place in the Work, or -1.
    finish : numpy.ndarray of int64, shape (n,)
        When it let go, ns: its end, or the activity's start where the two overlap on one stream
        (as under PDL).
    kinds : numpy.ndarray of int8, shape (n,)
        :data:`STREAM`, :data:`EVENT`, :data:`LEGACY` or :data:`RESOURCE`.
    edges : tuple of (int, Edges)
        All the edges of the first three kinds.
    notes : tuple of str
        What could not be known.
    """

    sources: Int64
    finish: Int64
    kinds: npt.NDArray[np.int8]
    edges: tuple[tuple[int, Edges], ...]
    notes: tuple[str, ...] = ()


def predecessors(work: Work, enqueued: Int64) -> Predecessors:
    """Find them.

    Parameters
    ----------
    enqueued : numpy.ndarray of int64, shape (n,)
        When each activity was in its stream, ns. An engine that was taken counts only for what
        was not held by anything else.
    """
    events, legacy = event_edges(work), legacy_edges(work)
    notes = []
    if events is None:
        notes.append("Streams waited for events, but the trace does not show which records.")
    if legacy is None:
        notes.append("The trace does not tell which streams synchronise with the legacy stream.")
    edges = (
        (STREAM, _stream_edges(work)),
        (EVENT, NO_EDGES if events is None else events),
        (LEGACY, NO_EDGES if legacy is None else legacy),
    )
    count = len(work.rows)
    found = Predecessors(
        np.full(count, _NONE, np.int64),
        np.full(count, _NEVER, np.int64),
        np.zeros(count, np.int8),
        edges,
        tuple(notes),
    )
    for kind, some in edges:
        _take_later(work, found, some, kind)
    _take_later(work, found, _resource_edges(work, np.maximum(found.finish, enqueued)), RESOURCE)
    return found


def _stream_edges(work: Work) -> Edges:
    order = work.by_stream
    follows = ~work.opens_stream[1:]
    return Edges(order[:-1][follows], order[1:][follows])


def _take_later(work: Work, found: Predecessors, edges: Edges, kind: int) -> None:
    """Let an edge stand where it held its target longer than what stands there.

    Edges lead from an earlier place to a later one, so no walk goes in circles.
    """
    edges = edges.kept(edges.sources < edges.targets)
    finish = np.minimum(work.ends[edges.sources], work.starts[edges.targets])
    order = np.argsort(finish, kind="stable")  # of several into one target the last one stays
    targets, sources, finish = edges.targets[order], edges.sources[order], finish[order]
    later = finish > found.finish[targets]
    found.sources[targets[later]] = sources[later]
    found.finish[targets[later]] = finish[later]
    found.kinds[targets[later]] = kind


def _resource_edges(work: Work, free_from: Int64) -> Edges:
    """From what freed an engine to what then started on it, having been held by nothing else."""
    edges = NO_EDGES
    waited = work.starts - free_from > UNHINDERED_NS
    for part, engine in product(work.places, _RESOURCES):
        mine = part[work.engine_codes[part] == ENGINES.index(engine)]
        if len(mine) < 2:
            continue
        by_end = mine[np.argsort(work.ends[mine], kind="stable")]
        late = mine[waited[mine]]
        at = np.searchsorted(work.ends[by_end], work.starts[late], "right") - 1
        source = by_end[np.maximum(at, 0)]
        close = (at >= 0) & (work.starts[late] - work.ends[source] <= UNHINDERED_NS)
        close &= (source != late) & (work.ends[source] > free_from[late])
        edges = edges.and_(Edges(source[close], late[close]))
    return edges
