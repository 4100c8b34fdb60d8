"""The legacy default stream as a barrier: who waited for whom, and how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.issue_times import ready_ns
from timeline.analysis.legacy_order import in_legacy_stream, legacy_edges
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
    into_legacy : numpy.ndarray of bool, shape (n,)
        True where work in the legacy stream waited for a blocking stream, False where a blocking
        stream was held by work in the legacy stream.
    """

    waiting: Int64
    waited_for: Int64
    starts: Int64
    ends: Int64
    into_legacy: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def waited_ns(self) -> Int64:
        """Length of each wait, ns."""
        return np.asarray(self.ends - self.starts)

    @property
    def blocked_ns(self) -> int:
        """Time during which any stream waited: length of the union of all waits, ns."""
        return measure(*union(self.starts, self.ends))

    @property
    def held_ns(self) -> int:
        """Time during which the legacy stream held at least one blocking stream, ns."""
        held = ~self.into_legacy
        return measure(*union(self.starts[held], self.ends[held]))

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
        none = np.zeros(0, np.int64)
        return Barriers(none, none, none, none, np.zeros(0, np.bool_))
    ready = ready_ns(work)
    if ready is None:
        return None
    starts, ends = ready[edges.targets], work.ends[edges.sources]
    real = np.flatnonzero(ends > starts)
    real = real[np.argsort(starts[real], kind="stable")]
    return Barriers(
        work.rows[edges.targets[real]],
        work.rows[edges.sources[real]],
        starts[real],
        ends[real],
        in_legacy_stream(work)[edges.targets[real]],
    )
