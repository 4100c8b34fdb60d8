"""A table's rows as tracks: group after group, and within one chain after chain."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.tiles.chains import chains, overlapping
from timeline.tiles.levels import levels_of
from timeline.tiles.parallel import each, pieces
from timeline.tiles.track import Spans, Track

__all__ = ["Grouped", "grouped"]

_MOST_GROUPS = 256


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
    if rows is not None:
        start, end, name, groups = start[rows], end[rows], name[rows], groups[rows]
    order = np.argsort(start, kind="stable") if bool((start[1:] < start[:-1]).any()) else None
    if order is not None:
        start, end, name, groups = start[order], end[order], name[order], groups[order]
        rows = order if rows is None else rows[order]
    spans, sizes = _by_group(start, end, name, groups, origin)
    if rows is not None:
        spans.row[:] = rows[spans.row]
    bounds = np.concatenate(([0], np.cumsum(sizes))).tolist()
    numbers = np.flatnonzero(sizes).tolist()
    chained = each(lambda n: _chained(spans, bounds[n], bounds[n + 1]), numbers)
    parts = [
        (number, spans.part(*own))
        for number, many in zip(numbers, chained, strict=True)
        for own in many
    ]
    levels = each(lambda part: levels_of(part[1]), parts)
    return Grouped(
        spans,
        [(number, Track(part, own)) for (number, part), own in zip(parts, levels, strict=True)],
    )


def _by_group(
    start: Int64, end: Int64, name: npt.NDArray[np.int32], groups: Int64, origin: int
) -> tuple[Spans, Int64]:
    """Spans group after group, in each in the order they had, and how many each group has.

    A counting sort: each piece is sorted by itself, in the cache, and its groups are put behind
    those of the pieces before it.
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    small = groups.astype(np.uint16) if count <= 1 << 16 else groups  # 16 bits: a radix sort
    # Where there are many groups, each would have few rows of a piece.
    bounds = pieces(len(start)) if count <= _MOST_GROUPS else [(0, len(start))]
    sizes = np.array(each(lambda b: np.bincount(small[slice(*b)], minlength=count), bounds))
    size = sizes.sum(axis=0)
    first = np.cumsum(sizes, axis=0) - sizes + (np.cumsum(size) - size)
    spans = Spans(
        np.empty(len(start), np.int64),
        np.empty(len(start), np.int64),
        np.empty(len(start), np.uint32),
        np.empty(len(start), np.int32),
    )

    def put(number: int) -> None:
        lo, hi = bounds[number]
        order = np.argsort(small[lo:hi], kind="stable")
        part = Spans(
            start[lo:hi].take(order) - origin,
            end[lo:hi].take(order) - origin,
            (order + lo).astype(np.uint32),
            name[lo:hi].take(order),
        )
        at = 0
        for to, here in zip(first[number].tolist(), sizes[number].tolist(), strict=True):
            if here:
                spans.put(to, part.part(at, at + here))
            at += here

    each(put, range(len(bounds)))
    return spans, size


def _chained(spans: Spans, lo: int, hi: int) -> list[tuple[int, int]]:
    """Put the chains of a group one after the other, and return the bounds of each."""
    part = spans.part(lo, hi)
    if not overlapping(part.start, part.end):
        return [(lo, hi)]
    order = np.lexsort((-part.end, part.start))
    chain = chains(part.start[order], part.end[order])
    by_chain = np.argsort(chain, kind="stable")
    moved = part.take(order[by_chain])
    part.put(0, moved)
    bounds = np.flatnonzero(np.diff(chain[by_chain], prepend=-1, append=-1)) + lo
    return list(pairwise(bounds.tolist()))
