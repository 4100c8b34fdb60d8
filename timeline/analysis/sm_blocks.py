"""Blocks on the SMs over time, from stamps: how many at once, on how many SMs, how evenly.

A block is on its SM from its first stamp's start to its last one's end. A kernel that stamps some
of its blocks only, or nothing before its first role begins, tells of that part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.work import Work
from timeline.intervals import Int64, UnionIndex, depth_histogram, union

__all__ = ["BlockSpans", "SmBlocks", "block_spans", "sm_blocks"]

ALL = ""
"""Name of the row over all kernels."""


@dataclass(frozen=True, eq=False, slots=True)
class BlockSpans:
    """The blocks that wrote stamps; arrays of shape (n,).

    Attributes
    ----------
    kernel : numpy.ndarray of int64
        Code of the kernel's name in the names of activities.
    correlation, sm, start, end : numpy.ndarray of int64
        Its launch, its SM, and its first stamp's start and last one's end, ns.
    """

    kernel: Int64
    correlation: Int64
    sm: Int64
    start: Int64
    end: Int64

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: npt.NDArray[np.bool_]) -> BlockSpans:
        """Those blocks for which ``which`` is True."""
        return BlockSpans(*(getattr(self, name)[which] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class SmBlocks:
    """How the stamped blocks of a kernel's launches lay on the SMs.

    Attributes
    ----------
    kernel : str
        Its name; empty for all kernels together.
    sms : int
        SMs that held one of its blocks.
    most : int
        Most blocks at once on one SM.
    median : float
        Blocks at once on an SM, the median over the time in which it held any, over all SMs.
    imbalance : float
        max |B(sm)| / mean |B(sm)| − 1 over those SMs: 0 when each is busy for as long.
    """

    kernel: str
    launches: int
    blocks: int
    sms: int
    most: int
    median: float
    imbalance: float


def sm_blocks(work: Work) -> tuple[SmBlocks, ...]:
    """One entry a kernel name, by first start; with several, another over all of them."""
    spans = block_spans(work)
    if not len(spans):
        return ()
    names = work.trace.names("activities", "name")
    codes = dict.fromkeys(spans.kernel[np.argsort(spans.start, kind="stable")].tolist())
    found = [_measured(names[c] if c >= 0 else "", spans.take(spans.kernel == c)) for c in codes]
    return tuple(found) if len(found) == 1 else (*found, _measured(ALL, spans))


def block_spans(work: Work) -> BlockSpans:
    """Blocks of the kernels of ``work``.

    Kernels that share a correlation id, as those of a graph do, can't be told apart and have none.
    """
    issued = work.column("correlation")
    order = np.argsort(issued, kind="stable")
    distinct, first, count = np.unique(issued[order], return_index=True, return_counts=True)
    alone = (count == 1) & (distinct >= 0)
    distinct, places = distinct[alone], order[first[alone]]
    column = work.trace.column
    device, launch = column("stamps", "device"), column("stamps", "correlation")
    rows = np.flatnonzero(((device == work.device) | (device < 0)) & np.isin(launch, distinct))
    launch, block = launch[rows], column("stamps", "block")[rows]
    rows = rows[np.lexsort((block, launch))]
    launch, block = column("stamps", "correlation")[rows], column("stamps", "block")[rows]
    opens = np.flatnonzero(
        (np.diff(launch, prepend=-2) != 0) | (np.diff(block.astype(np.int64), prepend=-2) != 0)
    )
    if not len(opens):
        nothing = np.empty(0, np.int64)
        return BlockSpans(nothing, nothing, nothing, nothing, nothing)
    names = work.column("name").astype(np.int64)
    return BlockSpans(
        names[places[np.searchsorted(distinct, launch[opens])]],
        launch[opens],
        column("stamps", "sm")[rows][opens].astype(np.int64),
        np.minimum.reduceat(column("stamps", "start")[rows], opens),
        np.maximum.reduceat(column("stamps", "end")[rows], opens),
    )


def _measured(kernel: str, spans: BlockSpans) -> SmBlocks:
    sms, place = np.unique(spans.sm, return_inverse=True)
    first = int(spans.start.min())
    stride = int(spans.end.max()) - first + 1  # SMs behind each other, so that one pass serves all
    start, end = (times - first + place * stride for times in (spans.start, spans.end))
    held_ns = depth_histogram(start, end)[1:]
    edges = np.arange(len(sms) + 1, dtype=np.int64) * stride
    busy_ns = UnionIndex(*union(start, end)).measures(edges[:-1], edges[1:])
    mean = float(busy_ns.mean())
    return SmBlocks(
        kernel,
        len(np.unique(spans.correlation)),
        len(spans),
        len(sms),
        len(held_ns),
        _median(held_ns),
        float(busy_ns.max()) / mean - 1 if mean else 0.0,
    )


def _median(held_ns: Int64) -> float:
    """Of the depths 1, 2, …, each weighted with its time; 0 without time."""
    if not held_ns.any():
        return 0.0
    total = np.cumsum(held_ns)
    return float(np.searchsorted(2 * total, total[-1]) + 1)
