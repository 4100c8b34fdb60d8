"""Kernels of too few blocks: most SMs have nothing to do while they run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis.communication import collectives
from timeline.engines import SM
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.findings.residency import sm_count

__all__ = ["DETECTOR"]

FEW = 0.25
"""Blocks of all kernels that run, as a part of the SMs, below which most SMs have none."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: time with a kernel, times the part of the SMs that had no block of any."""
    work = case.work
    kernels = np.flatnonzero(case.on(SM) & ~collectives(work))
    if not len(kernels):
        return
    count = sm_count(case)
    blocks = work.column("grid")[kernels].astype(np.int64).prod(axis=1)
    if count is None or not blocks.all():
        yield "the trace lacks the grids of kernels, or the number of the device's SMs"
        return
    starts, ends = work.starts[kernels], work.ends[kernels]
    times = np.concatenate((starts, ends))
    order = np.argsort(times, kind="stable")
    resident = np.cumsum(np.concatenate((blocks, -blocks))[order])[:-1]
    length = np.diff(times[order])
    few = (resident > 0) & (resident < FEW * count)
    cost = int((length[few] * (count - resident[few])).sum() // count)
    if not cost:
        return
    small = np.flatnonzero(blocks < FEW * count)
    weights = (ends - starts)[small] * (count - blocks[small]) // count
    yield Evidence(
        work.rows[kernels[small]],
        starts[small],
        ends[small],
        weights,
        cost,
        "busy",
        "time in which all running kernels together had blocks for less than a quarter of the "
        f"{count} SMs, times the part of the SMs without one",
        f"{len(small):,} kernels of fewer than {int(FEW * count)} blocks; for "
        f"{int(length[few].sum()) / 1e6:,.3f} ms no others filled the device",
    )


DETECTOR = Detector(
    "small-kernels",
    "kernels too small to fill the device",
    "Give a launch more blocks (a larger batch, a finer split of the work), fuse small kernels, or "
    "run independent ones at once in several streams.",
    "concurrency_limit",
    None,
    find,
)
