"""One stream for work that does not depend on each other: its engines run in turn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis.communication import collectives
from timeline.engines import D2H, ENGINES, H2D, P2P, SM
from timeline.findings.case import Case
from timeline.findings.dealt import batches_of, dealt_ns
from timeline.findings.detector import Detector, Evidence
from timeline.findings.residency import Float64, fills, sm_count
from timeline.intervals import Int64

__all__ = ["DETECTOR"]

MOST_OF_IT = 0.9
"""Part of the device's work that must be in one stream."""

ROOM = 0.25
"""Kernels that fill less than this of the device leave room for others like them."""

LONG_NS = 40_000
"""And that last at least this long: two streams and an event cost some 10 µs for each."""

FEWEST = 3
"""Batches, or kernels, below which there is nothing to deal out."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: makespan less that of the same batches dealt to streams."""
    places = _in_one_stream(case)
    if len(places) < FEWEST:
        return
    work, codes = case.work, case.work.engine_codes[places].astype(np.int64)
    owners = _owners(case, places)
    threads = len(np.unique(owners))
    batches = batches_of(codes, owners)
    copies = np.isin(codes, [ENGINES.index(H2D), ENGINES.index(D2H)])
    fill = fills(case)[places]
    of_kernels = _kernels_alone(case, places, fill)
    if threads > 1:
        batches, lanes, why = owners, threads, f"{threads} host threads issue into it"
    elif copies.any() and batches[-1] + 1 >= FEWEST:
        lanes = _lanes(case)
        why = f"{batches[-1] + 1:,} batches follow each other in it"
    elif of_kernels:
        if sm_count(case) is None:
            yield "the trace does not say how many SMs the device has"
            return
        batches, lanes, why = np.arange(len(places)), 2, "its kernels leave most of the device free"
    else:
        return
    starts, ends = work.starts[places], work.ends[places]
    length = dealt_ns(starts, ends, codes, batches, fill, lanes)
    assumed = "" if threads > 1 else ", if they don't depend on each other"
    if of_kernels:
        assumed += " and one alone does not use up the bandwidth or the arithmetic"
    yield Evidence(
        work.rows[places],
        starts,
        ends,
        ends - starts,
        max(int(ends.max() - starts.min()) - length, 0),
        "replay",
        f"makespan less that of the same activities dealt to {lanes} streams, each engine one at a "
        f"time and kernels together where there is room{assumed}",
        f"{len(places):,} activities in one stream; {why}",
        fix=f"split_streams:{lanes}",
    )


def _lanes(case: Case) -> int:
    """Streams that the engines can use: their work over that of the longest, at least 2."""
    busy = [case.work.busy_ns(engine) for engine in (H2D, SM, D2H)]
    return max(2, round(sum(busy) / max(*busy, 1)))


def _in_one_stream(case: Case) -> Int64:
    """Places of the work of the stream that has nearly all of it, in its order."""
    work = case.work
    length = work.ends - work.starts
    by_stream = np.bincount(work.stream_codes, length)
    most = int(np.argmax(by_stream))
    if by_stream[most] < MOST_OF_IT * length.sum():
        return np.zeros(0, np.int64)
    places = np.flatnonzero(work.stream_codes == most)
    talking = case.on(P2P)[places] | collectives(work)[places]
    return places if not talking.any() else places[:0]  # communication is a cause of its own


def _owners(case: Case, places: Int64) -> Int64:
    """A number for the host thread that issued each; 0 for all where that is not known."""
    trace, calls = case.work.trace, case.execution.calls
    rows = np.concatenate((calls.rows, [-1]))[calls.issued[places]]
    threads = np.where(rows >= 0, trace.column("calls", "thread")[rows], -1) if len(calls) else rows
    return np.unique(threads, return_inverse=True)[1].astype(np.int64)


def _kernels_alone(case: Case, places: Int64, fill: Float64) -> bool:
    """Whether the stream has kernels that leave room, and that nothing says depend on others."""
    kernels = case.on(SM)[places]
    if kernels.sum() < FEWEST or case.work.column("pdl")[places].any():
        return False
    if {"wait", "prologue"} & set(case.work.trace.names("stamps", "role")):
        return False  # kernels that stamp how they wait for the one before
    length = (case.work.ends - case.work.starts)[places][kernels]
    small = length[(fill[kernels] <= ROOM) & (length >= LONG_NS)].sum()
    return bool(small > MOST_OF_IT * length.sum())


DETECTOR = Detector(
    "single-stream",
    "one stream for independent work: engines take turns",
    "Deal the batches to several streams (cudaStreamCreateWithFlags, cudaStreamNonBlocking), with "
    "buffers of their own, and join them with cudaEventRecord and cudaStreamWaitEvent; host "
    "threads each to a stream of their own.",
    "three_way_overlap",
    "split_streams",
    find,
)
