"""How far two roles of a block (loader, compute, storer) were at work at once, from stamps.

For the unions B(r) of a role's spans within one block:

role overlap of a block = |B(first) ∩ B(second)| / min(|B(first)|, |B(second)|)

role overlap of a kernel, or of all = Σ |B(first) ∩ B(second)| / Σ min(|B(first)|, |B(second)|),
each the sum over the blocks: 1 when in every block the shorter role is fully hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64, Intervals, UnionIndex, intersect, union
from timeline.trace import Trace

__all__ = ["RoleOverlap", "role_overlap"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class RoleOverlap:
    """Two roles in each block that has a stamp of either; arrays of shape (blocks,).

    Attributes
    ----------
    correlation, device, block : numpy.ndarray of int64
        The launch, and the block in it.
    first_ns, second_ns, both_ns : numpy.ndarray of int64
        |B(first)|, |B(second)| and the length of what they have in common.
    """

    correlation: Int64
    device: Int64
    block: Int64
    first_ns: Int64
    second_ns: Int64
    both_ns: Int64

    @property
    def ratios(self) -> npt.NDArray[np.float64]:
        """Role overlap of each block; NaN where one of the roles has no time."""
        shorter = np.minimum(self.first_ns, self.second_ns)
        undefined = np.full(len(shorter), np.nan)
        found: npt.NDArray[np.float64] = np.divide(
            self.both_ns, shorter, out=undefined, where=shorter > 0
        )
        return found

    @property
    def ratio(self) -> float:
        """Role overlap of all blocks together; NaN when there is nothing to compare."""
        shorter = int(np.minimum(self.first_ns, self.second_ns).sum())
        return int(self.both_ns.sum()) / shorter if shorter else float("nan")

    def of(self, correlation: int, device: int = 0) -> RoleOverlap:
        """The blocks of one launch."""
        keep = (self.correlation == correlation) & (self.device == device)
        return RoleOverlap(*(getattr(self, name)[keep] for name in self.__slots__))


def role_overlap(
    trace: Trace, first: str, second: str, *, rows: Bools | None = None
) -> RoleOverlap:
    """Overlap of two roles, block by block.

    Parameters
    ----------
    first, second : str
        Roles of ``trace.stamps``.
    rows : (n,) bool array, optional
        The stamps that count; by default all.
    """
    names = trace.names("stamps", "role")
    codes = [[i for i, name in enumerate(names) if name == role] for role in (first, second)]
    role = trace.column("stamps", "role")
    keep = np.isin(role, codes[0] + codes[1])
    if rows is not None:
        keep &= rows
    keys = [
        trace.column("stamps", c)[keep].astype(np.int64) for c in ("correlation", "device", "block")
    ]
    start, end = (trace.column("stamps", c)[keep] for c in ("start", "end"))
    blocks, place = np.unique(np.stack(keys), axis=1, return_inverse=True)
    start, end, edges = _apart(start, end, place.reshape(-1), blocks.shape[1])
    spans = [union(*(x[np.isin(role[keep], c)] for x in (start, end))) for c in codes]
    return RoleOverlap(
        blocks[0],
        blocks[1],
        blocks[2],
        _lengths(spans[0], edges),
        _lengths(spans[1], edges),
        _lengths(intersect(*spans[0], *spans[1]), edges),
    )


def _apart(start: Int64, end: Int64, place: Int64, count: int) -> tuple[Int64, Int64, Int64]:
    """Move the blocks behind each other, so that one union serves all of them.

    Returns
    -------
    start, end, edges : numpy.ndarray of int64
        Block i lies in ``[edges[i], edges[i + 1])``.
    """
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, place, start)
    np.maximum.at(last, place, end)
    edges = np.zeros(count + 1, np.int64)
    np.cumsum(last - first, out=edges[1:])
    shift = (edges[:-1] - first)[place]
    return start + shift, end + shift, edges


def _lengths(spans: Intervals, edges: Int64) -> Int64:
    return UnionIndex(*spans).measures(edges[:-1], edges[1:])
