"""The legacy default stream as a barrier: who waited for whom, and how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.issue_times import ready_ns
from timeline.analysis.legacy_order import legacy_edges
from timeline.analysis.work import Work
from timeline.intervals import Int64, measure, union

__all__ = ["Barriers", "barriers"]


@dataclass(frozen=True, eq=False, slots=True)
class Barriers:
    """Waits that the legacy default stream caused, by their start.

    Wait i lasted from when activity ``waiting[i]`` could have started, by its own stream, its
    events and its enqueueing, until ``waited_for[i]`` in the other stream had ended. One of the two
    is in the legacy default stream. A wait that follows from another one through the order of its
    stream is not repeated.

    Attributes
    ----------
    waiting, waited_for : numpy.ndarray of int64, shape (n,)
        Rows of ``trace.activities``.
    starts, ends : numpy.ndarray of int64, shape (n,)
        Of the wait, ns.
    """

    waiting: Int64
    waited_for: Int64
    starts: Int64
    ends: Int64

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def waited_ns(self) -> Int64:
        """Length of each wait, ns."""
        return np.asarray(self.ends - self.starts)

    @property
    def blocked_ns(self) -> int:
        """Time during which at least one stream was held: length of the union of all waits, ns."""
        return measure(*union(self.starts, self.ends))

    @property
    def total_ns(self) -> int:
        """Waiting time of all activities, ns: the longest wait of each."""
        longest: dict[int, int] = {}
        for row, ns in zip(self.waiting.tolist(), self.waited_ns.tolist(), strict=True):
            longest[row] = max(longest.get(row, 0), ns)
        return sum(longest.values())


def barriers(work: Work) -> Barriers | None:
    """Waits at the legacy default stream.

    Returns
    -------
    Barriers or None
        None when the trace lacks what it takes: kinds of streams, correlation ids, and calls or
        queue times.
    """
    edges = legacy_edges(work)
    if edges is None:
        return None
    if not len(edges):
        return Barriers(*(np.zeros(0, np.int64) for _ in range(4)))
    ready = ready_ns(work)
    if ready is None:
        return None
    starts, ends = ready[edges.targets], work.ends[edges.sources]
    real = np.flatnonzero(ends > starts)
    real = real[np.argsort(starts[real], kind="stable")]
    return Barriers(
        work.rows[edges.targets[real]], work.rows[edges.sources[real]], starts[real], ends[real]
    )
