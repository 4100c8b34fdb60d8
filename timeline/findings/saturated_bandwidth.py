"""Kernels that run at once and take as much longer: the device had nothing left to give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis.communication import collectives
from timeline.analysis.numbering import number_ids
from timeline.engines import SM
from timeline.findings.case import Bools, Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import Int64

__all__ = ["DETECTOR"]

STRETCHED = 1.6
"""Times as long as alone that a kernel takes beside another of its size when both are bound by the
same thing; twice is the most that two can."""

BESIDE, ALONE = 0.8, 0.1
"""Parts of a kernel's time beside other kernels from which, and up to which, it counts as such."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: what the kernels took longer than alone, half of it: two share each such time."""
    work = case.work
    kernels = np.flatnonzero(case.on(SM) & ~collectives(work))
    if len(kernels) < 3:
        return
    starts, ends = work.starts[kernels], work.ends[kernels]
    length = ends - starts
    beside = _beside(starts, ends) / np.maximum(length, 1)
    alike = _alike(case, kernels)
    alone = _median_of(alike, length, beside <= ALONE)
    known = alone[alike] > 0
    stretched = np.flatnonzero(known & (beside >= BESIDE) & (length >= STRETCHED * alone[alike]))
    if not len(stretched):
        return
    lost = length[stretched] - alone[alike][stretched]
    factor = float(np.median(length[stretched] / alone[alike][stretched]))
    yield Evidence(
        work.rows[kernels[stretched]],
        starts[stretched],
        ends[stretched],
        lost,
        int(lost.sum()) // 2,
        "busy",
        "half of what these kernels took longer than launches of the same kernel that ran alone: "
        "what running them at once was meant to gain, and did not",
        f"{len(stretched):,} kernels beside others took {factor:.2f} times as long as alone",
    )


def _beside(starts: Int64, ends: Int64) -> Int64:
    """Time of each kernel during which at least one other ran, ns."""
    times = np.concatenate((starts, ends))
    order = np.argsort(times, kind="stable")
    one = np.ones(len(starts), np.int64)
    running = np.cumsum(np.concatenate((one, -one))[order])
    at = times[order]
    shared = np.concatenate(([0], np.cumsum(np.where(running[:-1] >= 2, np.diff(at), 0))))
    return np.asarray(
        shared[np.searchsorted(at, ends)] - shared[np.searchsorted(at, starts)], np.int64
    )


def _alike(case: Case, kernels: Int64) -> Int64:
    """A number for each name and grid."""
    names = number_ids(case.work.column("name")[kernels].astype(np.int64))
    grids = number_ids(case.work.column("grid")[kernels].astype(np.int64).prod(axis=1))
    return number_ids(names * (int(grids.max(initial=0)) + 1) + grids)


def _median_of(group: Int64, length: Int64, chosen: Bools) -> Int64:
    """Median length of the chosen ones of each group, 0 for one without any."""
    found = np.zeros(int(group.max()) + 1, np.int64)
    mine = np.flatnonzero(chosen)
    mine = mine[np.lexsort((length[mine], group[mine]))]
    first = np.searchsorted(group[mine], np.arange(len(found) + 1))
    has = first[1:] > first[:-1]
    middle = (first[:-1] + first[1:] - 1)[has] // 2
    found[has] = length[mine][middle]
    return found


DETECTOR = Detector(
    "saturated-bandwidth",
    "kernels at once share what one alone already used up",
    "More streams won't help these kernels: fuse them so that data are read once, use smaller "
    "types, or run a compute-bound kernel beside a bandwidth-bound one.",
    "saturation",
    None,
    find,
)
