"""The longest chain of activities, each of which had to wait for the one before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.dependencies import Edges
from timeline.intervals import Int64

__all__ = ["longest_path_ns"]

Bools = npt.NDArray[np.bool_]


def longest_path_ns(starts: Int64, ends: Int64, order: Int64, opens: Bools, edges: Edges) -> int:
    """Length of the longest chain, ns.

    Parameters
    ----------
    starts, ends : numpy.ndarray of int64, shape (n,)
        Activities, by start.
    order : numpy.ndarray of int64, shape (n,)
        The activities, one chain after the other, by start within a chain.
    opens : numpy.ndarray of bool, shape (n,)
        Whether ``order[i]`` opens a chain; if not it depends on ``order[i - 1]``.
    edges : Edges
        Dependencies between chains.

    Notes
    -----
    Each activity adds the time after the end of what it waited for: where two of a chain overlap
    (PDL), the shared time counts once. What is added along a path are disjoint spans, so no path is
    longer than from the first start to the last end. Within a chain lengths are prefix sums; only
    the ends of edges are visited one by one, by start.
    """
    if len(order) == 0:
        return 0
    chain = np.cumsum(opens) - 1
    reach = _reach(ends[order], chain)
    length = _lengths(starts[order], reach, opens)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    kept = edges.kept(reach[place[edges.sources]] <= starts[edges.targets])
    ahead = _joins(kept, place, chain, length, ends - starts)
    closes = np.append(opens[1:], np.True_)
    return int((length[closes] + ahead).max())


def _reach(ends: Int64, chain: Int64) -> Int64:
    """Latest end so far in each chain."""
    falls = np.flatnonzero((ends[1:] < ends[:-1]) & (chain[1:] == chain[:-1]))
    if not len(falls):
        return ends
    reach = ends.copy()
    for one in np.unique(chain[falls]):
        lo, hi = np.searchsorted(chain, (one, one + 1))
        np.maximum.accumulate(reach[lo:hi], out=reach[lo:hi])
    return reach


def _lengths(starts: Int64, reach: Int64, opens: Bools) -> Int64:
    """Length of each chain up to each of its activities, ns."""
    before = np.concatenate((starts[:1], reach[:-1]))
    free_from = np.where(opens, starts, np.maximum(starts, before))
    # The running sum may wrap around in a huge trace; its differences stay right.
    total = np.cumsum(np.maximum(reach - free_from, 0))
    first = np.flatnonzero(opens)
    before_chain = total[first] - np.maximum(reach - free_from, 0)[first]
    return np.asarray(total - np.repeat(before_chain, np.diff(np.append(first, len(starts)))))


def _joins(edges: Edges, place: Int64, chain: Int64, length: Int64, duration: Int64) -> Int64:
    """By how much edges into each chain lengthen the paths to its end, ns; one a chain."""
    ahead = np.zeros(int(chain[-1]) + 1, np.int64)
    if not len(edges):
        return ahead
    number = np.arange(len(edges))
    visits = np.concatenate((edges.targets, edges.sources))
    arrives = np.concatenate((np.zeros(len(edges), np.int64), np.ones(len(edges), np.int64)))
    turn = np.lexsort((arrives, visits))  # paths into an activity before paths out of it
    at = place[visits[turn]]
    steps = zip(
        np.concatenate((number, number))[turn].tolist(),
        arrives[turn].tolist(),
        chain[at].tolist(),
        length[at].tolist(),
        duration[visits[turn]].tolist(),
        strict=True,
    )
    longest = [0] * len(edges)
    extra: dict[int, int] = {}
    for edge, leaves, in_chain, so_far, lasts in steps:
        if leaves:
            longest[edge] = so_far + extra.get(in_chain, 0)
        else:
            better = longest[edge] + lasts - so_far
            if better > extra.get(in_chain, 0):
                extra[in_chain] = better
    ahead[list(extra)] = list(extra.values())
    return ahead
