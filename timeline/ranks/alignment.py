"""Bringing the clocks of ranks together by what all of them did.

In this order, whichever all ranks have:

``collective``
    Ranks leave a collective together: the offset of a rank is the median difference of the ends of
    the collectives that all have in the same order, to those of the first rank.
``range``
    The median difference of the first starts of NVTX ranges of the same names.
``first activity``
    All are taken to start at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.ranks.summary import Anchors

__all__ = ["Alignment", "align"]

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Alignment:
    """How the clocks of ranks were brought together.

    Attributes
    ----------
    by : str
        ``collective``, ``range`` or ``first activity``.
    matched : int
        Collectives or ranges that were used.
    offsets_ns : numpy.ndarray of int64, shape (ranks,)
        What to subtract from each rank's clock.
    residual_ns : int
        Largest deviation of a matched end or start from the alignment, ns.
    lateness_ns : numpy.ndarray of int64, shape (ranks, matched), or None
        How much later than the first rank each rank started each collective; None without any.
    """

    by: str
    matched: int
    offsets_ns: Int64
    residual_ns: int
    lateness_ns: Int64 | None = None


def align(anchors: Sequence[Anchors]) -> Alignment:
    """Align the ranks with these anchors, one or more."""
    common = _common_prefix([each.collectives for each in anchors])
    if common:
        ends = np.stack([each.ends[:common] for each in anchors])
        offsets, residual = _offsets(ends)
        starts = np.stack([each.starts[:common] for each in anchors]) - offsets[:, None]
        lateness = starts - starts.min(axis=0)
        return Alignment("collective", common, offsets, residual, lateness)
    shared = set.intersection(*(set(each.ranges) for each in anchors))
    if shared:
        names = sorted(shared)
        starts = np.array([[each.ranges[name] for name in names] for each in anchors], np.int64)
        offsets, residual = _offsets(starts)
        return Alignment("range", len(names), offsets, residual)
    firsts = np.array([each.first or 0 for each in anchors], np.int64)
    return Alignment("first activity", 1, firsts - firsts[0], 0)


def _common_prefix(sequences: Sequence[tuple[str, ...]]) -> int:
    """How many leading items all sequences share."""
    shortest = min(map(len, sequences))
    for place in range(shortest):
        if len({sequence[place] for sequence in sequences}) > 1:
            return place
    return shortest


def _offsets(times: Int64) -> tuple[Int64, int]:
    """Median difference of each row to the first, and the largest deviation from it."""
    differences = times - times[0]
    offsets = np.median(differences, axis=1).astype(np.int64)
    return offsets, int(np.abs(differences - offsets[:, None]).max())
