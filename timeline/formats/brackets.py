"""Matching begins with ends: what a stack does, for many tracks at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.formats.ordering import stable_order

__all__ = ["match"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def match(tracks: Int64, begins: Mask) -> tuple[Int64, Int64]:
    """Which begin each end closes: the last one of its track that is still open.

    Parameters
    ----------
    tracks : numpy.ndarray of int64, shape (n,)
        Track of each event; those of one track in their order.
    begins : numpy.ndarray of bool, shape (n,)
        Whether it begins something; otherwise it ends something.

    Returns
    -------
    (begins, ends)
        Places of the pairs, by track and depth. Events in no pair have no partner.

    Notes
    -----
    The depth after a begin and before its end are equal, and no other event of that depth lies
    between them. An end beyond all begins lowers the depth below each earlier one of its track;
    taking the lowest depth so far as the ground keeps the rest in order.
    """
    count = len(tracks)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    order = stable_order(tracks)
    track, begin = tracks[order], begins[order]
    fresh = np.flatnonzero(np.concatenate(([True], track[1:] != track[:-1])))
    number = np.zeros(count, np.int64)
    number[fresh[1:]] = 1
    number = np.cumsum(number)
    depth = np.cumsum(np.where(begin, 1, -1))
    depth -= np.concatenate(([0], depth[fresh[1:] - 1]))[number]
    ground = _lowest(depth, number)
    alone = ~begin & (depth == ground) & (depth < _before(ground, fresh))
    level = np.where(begin, depth - 1, depth) - ground
    keep = np.flatnonzero(~alone)
    deepest = int(level.max()) + 1
    by_level = keep[stable_order((number * deepest + level)[keep])]
    first, second = by_level[:-1], by_level[1:]
    pair = begin[first] & ~begin[second]
    pair &= (level[first] == level[second]) & (number[first] == number[second])
    return order[first[pair]], order[second[pair]]


def _lowest(depth: Int64, number: Int64) -> Int64:
    """The lowest depth of a track so far, and at most 0."""
    step = 2 * len(depth) + 2  # so that a track lies below all before it
    lowered = np.minimum(depth, 0) - number * step
    return np.minimum.accumulate(lowered) + number * step


def _before(ground: Int64, fresh: Int64) -> Int64:
    before = np.concatenate(([0], ground[:-1]))
    before[fresh] = 0
    return before
