"""Which lanes are busy together, and for how long: every subset of lanes in one sweep.

The sweep keeps one number for each *set* of lanes that is busy at once, ``2**k`` of them. From
these follow the union of all lanes, each overlap of two, three or more, and how many were busy
together.

It works through the time axis in pieces that fit a core's cache: each bound of an interval becomes
``(time << bits) | lane`` in one int64, a piece is sorted, and an exclusive-or accumulated over the
lanes gives the set that is busy after each bound. No permutation of all bounds is ever made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.intervals.index import UnionIndex
from timeline.intervals.limits import Int64, exact_bincount, require_span
from timeline.intervals.sets import Intervals, measure

__all__ = ["MOST_LANES", "Coverage", "coverage", "pairwise_overlap"]

MOST_LANES = 16
"""Lanes of one :func:`coverage`: it keeps 2**lanes numbers."""

_STRIDE = 1 << 14
"""Every so many intervals of a lane a piece of the time axis may end."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Time spent in each set of busy lanes.

    Attributes
    ----------
    lanes : int
        Number of lanes, k.
    by_set_ns : numpy.ndarray of int64, shape (2**k,)
        Bit i of the index stands for lane i: ns during which exactly those lanes were busy. Index 0
        is idle time between the first start and the last end.
    """

    lanes: int
    by_set_ns: Int64

    def overlap_ns(self, *lanes: int) -> int:
        """Time during which all of ``lanes`` were busy, whatever the others did, ns."""
        wanted = sum(1 << lane for lane in set(lanes))
        sets = np.arange(len(self.by_set_ns))
        return int(self.by_set_ns[(sets & wanted) == wanted].sum())

    def busy_ns(self, *lanes: int) -> int:
        """Time during which at least one of ``lanes`` (of all, without any) was busy, ns."""
        wanted = sum(1 << lane for lane in set(lanes)) if lanes else len(self.by_set_ns) - 1
        sets = np.arange(len(self.by_set_ns))
        return int(self.by_set_ns[(sets & wanted) != 0].sum())

    def pairwise_ns(self) -> Int64:
        """Overlaps of all pairs, shape (k, k), ns; the busy time of each lane on the diagonal."""
        busy = (np.arange(len(self.by_set_ns))[:, None] >> np.arange(self.lanes)) & 1
        return np.asarray((busy * self.by_set_ns[:, None]).T @ busy)

    def concurrency_ns(self) -> Int64:
        """Time during which exactly 0, 1, … k lanes were busy, ns; shape (k + 1,)."""
        sets = np.arange(len(self.by_set_ns))[:, None]
        count = ((sets >> np.arange(max(self.lanes, 1))) & 1).sum(axis=1)
        return exact_bincount(count, self.by_set_ns, self.lanes + 1)


def coverage(lanes: Sequence[Intervals]) -> Coverage:
    """Sweep over ``lanes``, each a union.

    Raises
    ------
    ValueError
        For more than :data:`MOST_LANES` lanes.
    TraceError
        When the times span :data:`timeline.intervals.LIMIT_NS` or more.
    """
    if len(lanes) > MOST_LANES:
        raise ValueError(f"a coverage of {len(lanes)} lanes; {MOST_LANES} are the most")
    by_set = np.zeros(1 << len(lanes), np.int64)
    busy, hull = 0, _hull(lanes)
    if hull is not None:
        require_span(*hull)
        for lo, hi, keys, bits in _pieces(lanes, *hull):
            busy = _add_piece(by_set, busy, lo, hi, keys, bits)
    return Coverage(len(lanes), by_set)


def _hull(lanes: Sequence[Intervals]) -> tuple[int, int] | None:
    used = [(int(starts[0]), int(ends[-1])) for starts, ends in lanes if len(starts)]
    return (min(lo for lo, _ in used), max(hi for _, hi in used)) if used else None


def _pieces(lanes: Sequence[Intervals], lo: int, hi: int) -> Iterator[tuple[int, int, Int64, int]]:
    """Pieces of the time axis: start, end, sorted packed bounds in between, bits of a lane."""
    bits = max(len(lanes) - 1, 1).bit_length()
    inner = np.concatenate([starts[_STRIDE::_STRIDE] for starts, _ in lanes])
    borders = np.unique(np.concatenate((np.array([lo, hi], np.int64), inner)))
    cuts = [(np.searchsorted(s, borders), np.searchsorted(e, borders)) for s, e in lanes]
    for piece in range(len(borders) - 1):
        keys = [
            ((times[at[piece] : at[piece + 1]] - borders[piece]) << bits) | lane
            for lane, pair in enumerate(cuts)
            for times, at in zip(lanes[lane], pair, strict=True)
        ]
        packed = np.concatenate(keys)
        packed.sort()
        yield int(borders[piece]), int(borders[piece + 1]), packed, bits


def _add_piece(by_set: Int64, busy: int, lo: int, hi: int, keys: Int64, bits: int) -> int:
    """Add the time of one piece to ``by_set``; return the set that is busy at its end."""
    sets = np.empty(len(keys) + 1, np.uint16)
    sets[0] = busy
    np.left_shift(np.uint16(1), (keys & ((1 << bits) - 1)).astype(np.uint16), out=sets[1:])
    np.bitwise_xor.accumulate(sets, out=sets)
    times = np.empty(len(keys) + 2, np.int64)
    times[0], times[-1] = 0, hi - lo
    np.right_shift(keys, bits, out=times[1:-1])
    by_set += exact_bincount(sets.astype(np.intp), np.diff(times), len(by_set))
    return int(sets[-1])


def pairwise_overlap(lanes: Sequence[Intervals]) -> npt.NDArray[np.int64]:
    """Overlaps of all pairs of unions, ns.

    Parameters
    ----------
    lanes : sequence of (starts, ends)
        k unions. Up to :data:`MOST_LANES` are swept at once; more are compared pair by pair.

    Returns
    -------
    numpy.ndarray of int64, shape (k, k)
        The measure of each lane on the diagonal.
    """
    if len(lanes) <= MOST_LANES:
        return coverage(lanes).pairwise_ns()
    found = np.diag([measure(*lane) for lane in lanes]).astype(np.int64)
    indices = [UnionIndex(*lane) for lane in lanes]
    for i in range(len(lanes)):
        for j in range(i):
            few, many = sorted((i, j), key=lambda lane: len(lanes[lane][0]))
            found[i, j] = found[j, i] = int(indices[many].measures(*lanes[few]).sum())
    return found
