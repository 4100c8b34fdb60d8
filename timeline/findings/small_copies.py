"""Copies so small that what each costs beside its bytes outweighs them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis.execution.predecessors import UNHINDERED_NS
from timeline.engines import D2H, ENGINES, H2D
from timeline.findings.case import Bools, Case
from timeline.findings.detector import Detector, Evidence

__all__ = ["DETECTOR"]

FEWEST = 4
"""Copies that follow each other in a stream and a direction to be worth batching."""

SLOWEST_LINK = 10.0
"""Bytes a nanosecond: what a PCIe 3.0 x16 link gives at the least. A trace of small copies alone
does not show how fast its link is."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: what each copy took beside its bytes, with the gap before it, but once a run."""
    for engine in (H2D, D2H):
        yield from _of(case, engine)


def _of(case: Case, engine: str) -> Iterator[Evidence | str]:
    work = case.work
    order, opens = work.by_stream, work.opens_stream
    mine = work.engine_codes[order] == ENGINES.index(engine)
    if mine.sum() < FEWEST:
        return
    size = work.column("bytes")
    if (size[order[mine]] < 0).all():
        yield f"copies of {engine} don't say how many bytes they moved"
        return
    length = work.ends - work.starts
    places = order[mine]
    rate = max(float((size[places] / np.maximum(length[places], 1)).max()), SLOWEST_LINK)
    gap = np.zeros(len(order), np.int64)
    gap[1:] = work.starts[order[1:]] - work.ends[order[:-1]]
    follows = ~opens & mine & np.concatenate(([False], mine[:-1])) & (gap <= UNHINDERED_NS)
    moved = np.maximum(size[order], 0) / rate
    beside = length[order] - moved + np.where(follows, np.maximum(gap, 0), 0)
    batchable = follows & (moved < beside)
    runs = _long_enough(batchable)
    late = np.flatnonzero(runs)
    if not len(late):
        return
    cost = np.maximum(beside[late], 0).astype(np.int64)
    path = case.on_path[order[late]]
    limit = float(np.median(beside[late]) * rate)
    yield Evidence(
        work.rows[order[late]],
        work.starts[order[late]],
        work.ends[order[late]],
        cost,
        int(cost[path].sum()),
        "path",
        f"what copies on the critical path took beside moving their bytes at {rate:,.1f} GB/s, "
        "with the gap before each, but for the first of each run",
        f"{len(late):,} copies on {engine} follow another at once and are smaller than "
        f"{limit / 1024:,.0f} KiB, latency times bandwidth",
    )


def _long_enough(joined: Bools) -> Bools:
    """Those in runs of at least ``FEWEST`` copies, which is one less that joins."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], joined.astype(np.int8), [0]))))
    begins, ends = edges[::2], edges[1::2]
    found = np.zeros(len(joined), np.bool_)
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        found[begin:end] = end - begin >= FEWEST - 1
    return found


DETECTOR = Detector(
    "small-copies",
    "many copies smaller than latency times bandwidth",
    "Gather them into one pinned buffer and copy it with one cudaMemcpyAsync, or use "
    "cudaMemcpyBatchAsync (cudaMemcpy2DAsync for rows).",
    "three_way_overlap",
    None,
    find,
)
