"""Cooperative launches of several streams that ran one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.findings.residency import fills
from timeline.intervals import measure, union

__all__ = ["DETECTOR"]


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: their time, less that of the stream with most of them."""
    work = case.work
    mine = np.flatnonzero(work.column("cooperative").astype(np.bool_))
    streams = work.stream_codes[mine]
    if len(np.unique(streams)) < 2:
        return
    starts, ends = work.starts[mine], work.ends[mine]
    busy = measure(*union(starts, ends))
    if busy < int((ends - starts).sum()):
        return  # some of them ran at once
    fill = fills(case)[mine]
    if (np.sort(fill)[:2].sum()) > 1:
        return  # no two of them fit on the device
    ready = case.ready[mine]
    queued = np.flatnonzero(ready[1:] < ends[:-1]) + 1
    if not len(queued):
        return
    longest = int(np.bincount(streams, ends - starts).max())
    yield Evidence(
        work.rows[mine[queued]],
        np.maximum(ready[queued], starts[queued - 1]),
        starts[queued],
        starts[queued] - np.maximum(ready[queued], starts[queued - 1]),
        busy - longest,
        "busy",
        "time of all cooperative kernels, which ran one at a time, less that of the stream with "
        "most of them",
        f"{len(mine):,} cooperative kernels in {len(np.unique(streams))} streams, never two at "
        "once",
    )


DETECTOR = Detector(
    "serial-cooperative",
    "cooperative launches run one at a time",
    "Launch them as ordinary kernels where blocks need not wait for each other (without "
    "cudaLaunchAttributeCooperative), or put the work of several into one cooperative grid.",
    "concurrency_limit",
    None,
    find,
)
