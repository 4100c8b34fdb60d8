"""Collectives and peer copies beside which no kernel computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import communication
from timeline.analysis.communication import collectives
from timeline.analysis.execution.predecessors import UNHINDERED_NS
from timeline.engines import P2P, SM
from timeline.findings.case import Bools, Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import UnionIndex, gaps, measure, subtract, union

__all__ = ["DETECTOR"]


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: what communication kept from computing, but no more than could have hidden it."""
    found, work = communication(case.work), case.work
    if not found.exposed_ns or not found.compute_ns:
        return
    collective, on_sm = collectives(work), case.on(SM)
    talks, computes = (on_sm & collective) | case.on(P2P), on_sm & ~collective
    talking = np.flatnonzero(talks)
    starts, ends = work.starts[talking], work.ends[talking]
    computing = UnionIndex(*union(work.starts[computes], work.ends[computes]))
    exposed = ends - starts - computing.measures(starts, ends)
    lost = _between(case, talks, computes) + _outside(case, talks, computes)
    cost = min(lost, found.compute_ns - found.hidden_ns)
    yield Evidence(
        work.rows[talking],
        starts,
        ends,
        exposed,
        max(cost, 0),
        "busy",
        "time between kernels that compute in which there was communication, with its hand-overs, "
        "and communication before and after them, but for the last one; at most the compute that "
        "ran beside no communication",
        f"{found.exposed_ns / 1e6:,.3f} ms of {found.communication_ns / 1e6:,.3f} ms in "
        "collectives and peer copies ran beside no computing kernel",
    )


def _between(case: Case, talks: Bools, computes: Bools) -> int:
    """Gaps between computing kernels with communication in them, less an ordinary gap each.

    Shorter ones than a launch may take are there without communication too.
    """
    work = case.work
    busy = union(work.starts[computes], work.ends[computes])
    begins, closes = gaps(*busy, int(busy[0][0]), int(busy[1][-1]))
    if not len(begins):
        return 0
    index = UnionIndex(*union(work.starts[talks], work.ends[talks]))
    talk, length = index.measures(begins, closes), closes - begins
    with_talk = talk > 0
    ordinary = int(np.median(length[~with_talk])) if (~with_talk).any() else 0
    long = with_talk & (length > UNHINDERED_NS)
    lost = np.minimum(length[long] - ordinary, talk[long] + UNHINDERED_NS)  # the rest is a wait
    return int(np.maximum(lost, 0).sum())


def _outside(case: Case, talks: Bools, computes: Bools) -> int:
    """Communication before the first and after the last of the kernels that compute, ns.

    Without the last of it when that comes after all compute: nothing is left to hide it behind.
    """
    work = case.work
    first, last = int(work.starts[computes].min()), int(work.ends[computes].max())
    all_of_it = union(work.starts[talks], work.ends[talks])
    outside = subtract(*all_of_it, np.array([first]), np.array([last]))
    tail = np.flatnonzero(talks & (work.starts >= last))
    unavoidable = int((work.ends - work.starts)[tail[-1]]) if len(tail) else 0
    return max(measure(*outside) - unavoidable, 0)


DETECTOR = Detector(
    "exposed-communication",
    "communication that no computing kernel runs beside",
    "Issue it into a stream of its own of high priority (cudaStreamCreateWithPriority) as soon as "
    "its data are there: cudaEventRecord behind the producer, cudaStreamWaitEvent before it.",
    "allreduce_overlap",
    "overlap_communication",
    find,
)
