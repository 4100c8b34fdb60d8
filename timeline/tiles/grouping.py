"""A table's rows as tracks: group after group, and within one chain after chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.tiles.chains import chains, overlapping
from timeline.tiles.levels import levels_of
from timeline.tiles.track import Spans, Track

__all__ = ["Grouped", "grouped"]


@dataclass(frozen=True, eq=False, slots=True)
class Grouped:
    """Tracks of a table.

    Attributes
    ----------
    spans : Spans
        Those of all tracks, one after the other.
    tracks : list of (group, Track)
        Ascending by group, then by chain.
    """

    spans: Spans
    tracks: list[tuple[int, Track]]


def grouped(
    start: Int64,
    end: Int64,
    name: npt.NDArray[np.int32],
    groups: Int64,
    rows: Int64 | None = None,
    origin: int = 0,
) -> Grouped:
    """Sort rows of a table into tracks.

    Parameters
    ----------
    groups : (n,) int64
        Number of each row's group, from 0.
    rows : (m,) int64, optional
        Rows that are meant; by default all.
    origin : int
        What the times of the spans count from.
    """
    order = _order(start if rows is None else start[rows], groups if rows is None else groups[rows])
    if order is not None:
        rows = order if rows is None else rows[order]
    if rows is None:
        row = np.arange(len(start), dtype=np.uint32)
        spans = Spans(start - origin, end - origin, row, name.copy())
    else:
        spans = Spans(start[rows], end[rows], rows.astype(np.uint32), name[rows])
        np.subtract(spans.start, origin, out=spans.start)
        np.subtract(spans.end, origin, out=spans.end)
        groups = groups[rows]
    bounds = np.flatnonzero(np.diff(groups, prepend=-1, append=-1))
    found: list[tuple[int, Track]] = []
    for lo, hi in pairwise(bounds.tolist()):
        number = int(groups[lo])
        found += [(number, _track(spans, a + lo, b + lo)) for a, b in _chained(spans, lo, hi)]
    return Grouped(spans, found)


def _order(start: Int64, groups: Int64) -> npt.NDArray[np.intp] | None:
    """By group, then by start; None where they are in this order."""
    by_start = None
    if bool((start[1:] < start[:-1]).any()):
        by_start = np.argsort(start, kind="stable")
        groups = groups[by_start]
    if not bool((groups[1:] < groups[:-1]).any()):
        return by_start
    small = groups.astype(np.uint16) if int(groups.max()) < 1 << 16 else groups
    order = np.argsort(small, kind="stable")  # a radix sort for 16 bits
    return order if by_start is None else by_start[order]


def _chained(spans: Spans, lo: int, hi: int) -> Iterator[tuple[int, int]]:
    """Put the chains of a group one after the other; yields the bounds of each within it."""
    part = spans.part(lo, hi)
    if not overlapping(part.start, part.end):
        yield 0, hi - lo
        return
    order = np.lexsort((-part.end, part.start))
    chain = chains(part.start[order], part.end[order])
    by_chain = np.argsort(chain, kind="stable")
    moved = part.take(order[by_chain])
    for name in ("start", "end", "row", "name"):
        getattr(part, name)[:] = getattr(moved, name)
    bounds = np.flatnonzero(np.diff(chain[by_chain], prepend=-1, append=-1)).tolist()
    yield from pairwise(bounds)


def _track(spans: Spans, lo: int, hi: int) -> Track:
    part = spans.part(lo, hi)
    return Track(part, levels_of(part))
