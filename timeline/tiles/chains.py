"""Spans that overlap, told apart into chains of spans that don't."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64

__all__ = ["chains", "overlapping"]

Int32 = npt.NDArray[np.int32]


def overlapping(start: Int64, end: Int64) -> bool:
    """Whether any span starts before an earlier one has ended; ascending by start."""
    return bool((start[1:] < end[:-1]).any())


def chains(start: Int64, end: Int64) -> Int32:
    """Give each span the lowest chain that is free when it starts.

    Parameters
    ----------
    start, end : (n,) int64
        Ascending by start, and of those that start together, the longer first.

    Returns
    -------
    (n,) int32
        Within a chain each span ends before, or when, the next one starts.
    """
    if not overlapping(start, end):
        return np.zeros(len(start), np.int32)
    nested = _open(start, end)
    return nested if _apart(nested, start, end) else _first_fit(start, end)


def _open(start: Int64, end: Int64) -> Int32:
    """How many earlier spans are open at each start: its chain where spans nest."""
    ended = np.searchsorted(np.sort(end), start, "right")
    # Spans without length that start here, and follow, have ended too: they don't count.
    empty = np.concatenate(([0], np.cumsum(end == start)))
    alike = empty[np.searchsorted(start, start, "right")] - empty[:-1]
    found: Int32 = (np.arange(len(start)) - (ended - alike)).astype(np.int32)
    return found


def _apart(chain: Int32, start: Int64, end: Int64) -> bool:
    order = np.argsort(chain, kind="stable")
    same = chain[order][1:] == chain[order][:-1]
    return not bool((same & (start[order][1:] < end[order][:-1])).any())


def _first_fit(start: Int64, end: Int64) -> Int32:
    """Chain after chain: the first span left, then always the next one that starts after it."""
    found = np.zeros(len(start), np.int32)
    left = np.arange(len(start))
    number = 0
    while len(left):
        found[left] = number
        mine = _followers(start[left], end[left])
        left = np.delete(left, mine)
        number += 1
    return found


def _followers(start: Int64, end: Int64) -> npt.NDArray[np.intp]:
    following = np.searchsorted(start, end, "left")
    # A span without length is followed by the next one, not by itself.
    following = np.maximum(following, np.arange(1, len(start) + 1)).tolist()
    chosen, place = [], 0
    while place < len(following):
        chosen.append(place)
        place = following[place]
    return np.array(chosen, np.intp)
