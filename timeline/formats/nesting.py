"""Lanes on which slices are apart or inside one another, which is all that viewers can draw.

Perfetto drops a slice that overlaps another one of its lane without lying inside it, as kernels do
under programmatic dependent launch. Such a slice goes to a further lane of the same owner.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from timeline.formats.brackets import match

__all__ = ["further_lanes", "numbered"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def numbered(*columns: Int64) -> tuple[Int64, list[tuple[int, ...]]]:
    """Rows that are equal in all columns get one number.

    Returns
    -------
    (numbers, keys)
        Number of each row, and the values behind each number, in ascending order.
    """
    numbers = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, places = np.unique(column, return_inverse=True)
        both = numbers * max(len(values), 1) + places
        _, numbers = np.unique(both, return_inverse=True)
    _, first = np.unique(numbers, return_index=True)
    keys = zip(*(column[first].tolist() for column in columns), strict=True)
    return numbers.astype(np.int64), list(keys)


def further_lanes(
    owners: Sequence[Hashable] | Int64, starts: Int64, ends: Int64, *, nested: bool
) -> list[int]:
    """For each slice which lane of its owner it takes: 0, or a further one if it must.

    Parameters
    ----------
    owners : sequence of hashable, n of them
        Whose lanes a slice is on, for example (process, thread).
    nested : bool
        Whether slices may lie inside one another; otherwise they must be apart.
    """
    if not len(starts):
        return []
    order = np.lexsort((-ends, starts))
    owner = _codes(owners)[order]
    first, last = starts[order], ends[order]
    crossing = _crossing(owner, first, last, nested)
    lanes = np.zeros(len(order), np.int64)
    open_ends: dict[int, list[list[int]]] = {}
    for row in np.flatnonzero(crossing[owner]).tolist():
        stacks = open_ends.setdefault(int(owner[row]), [])
        lanes[order[row]] = _place(stacks, int(first[row]), int(last[row]), nested)
    found: list[int] = lanes.tolist()
    return found


def _codes(owners: Sequence[Hashable] | Int64) -> Int64:
    if isinstance(owners, np.ndarray):
        return owners
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(owner, len(known)) for owner in owners], np.int64)


def _crossing(owner: Int64, first: Int64, last: Int64, nested: bool) -> Mask:
    """Which owners have a slice that one lane can't hold; those of the others take lane 0."""
    count = len(owner)
    found = np.zeros(int(owner.max()) + 1, np.bool_)
    long = np.flatnonzero(last > first)
    empty = np.flatnonzero(last == first)
    times = np.concatenate((last[long], first[long], first[empty], first[empty]))
    rows = np.concatenate((long, long, empty, empty))
    begins = np.zeros(len(times), np.bool_)
    begins[len(long) : 2 * len(long) + len(empty)] = True
    order = np.argsort(times, kind="stable")
    rows, begins = rows[order], begins[order]
    opened, closed = match(owner[rows], begins)
    wrong = rows[opened[rows[opened] != rows[closed]]]
    found[owner[wrong]] = True
    if not nested:
        depth = np.where(begins, 1, -1)
        by_owner = np.argsort(owner[rows], kind="stable")
        deep = np.cumsum(depth[by_owner]) > 1  # every owner ends at depth 0
        found[owner[rows[by_owner[deep]]]] = True
    assert len(opened) == count
    return found


def _place(stacks: list[list[int]], start: int, end: int, nested: bool) -> int:
    for lane, stack in enumerate(stacks):
        while stack and stack[-1] <= start:
            stack.pop()
        if not stack or (nested and end <= stack[-1]):
            stack.append(end)
            return lane
    stacks.append([end])
    return len(stacks) - 1
