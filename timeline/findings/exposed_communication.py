"""Collectives and peer copies beside which no kernel computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import communication
from timeline.analysis.communication import collectives
from timeline.engines import P2P, SM
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import UnionIndex, union

__all__ = ["DETECTOR"]


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: exposed communication, but no more than the compute that could have hidden it."""
    found, work = communication(case.work), case.work
    if not found.exposed_ns or not found.compute_ns:
        return
    collective, on_sm = collectives(work), case.on(SM)
    talking = np.flatnonzero((on_sm & collective) | case.on(P2P))
    computing = on_sm & ~collective
    index = UnionIndex(*union(work.starts[computing], work.ends[computing]))
    starts, ends = work.starts[talking], work.ends[talking]
    exposed = ends - starts - index.measures(starts, ends)
    last = int(exposed[-1])  # nothing is left to hide the last one behind
    cost = min(found.exposed_ns - last, found.compute_ns - found.hidden_ns)
    yield Evidence(
        work.rows[talking],
        starts,
        ends,
        exposed,
        max(cost, 0),
        "busy",
        "communication beside which no kernel computed, without the last of it, which nothing is "
        "left to hide; at most the compute that was beside none",
        f"{found.exposed_ns / 1e6:,.3f} ms of {found.communication_ns / 1e6:,.3f} ms in "
        "collectives and peer copies ran beside no computing kernel",
    )


DETECTOR = Detector(
    "exposed-communication",
    "communication that no computing kernel runs beside",
    "Issue it into a stream of its own of high priority (cudaStreamCreateWithPriority) as soon as "
    "its data are there: cudaEventRecord behind the producer, cudaStreamWaitEvent before it.",
    "allreduce_overlap",
    "overlap_communication",
    find,
)
