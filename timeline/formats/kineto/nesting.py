"""Lanes on which slices are apart or inside one another, which is all that viewers can draw.

Perfetto drops a slice that overlaps another one of its lane without lying inside it, as kernels do
under programmatic dependent launch. Such a slice goes to a further lane of the same owner.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["further_lanes"]

Int64 = npt.NDArray[np.int64]


def further_lanes(
    owners: Sequence[Hashable], starts: Int64, ends: Int64, *, nested: bool
) -> list[int]:
    """For each slice which lane of its owner it takes: 0, or a further one if it must.

    Parameters
    ----------
    owners : sequence of hashable, n of them
        Whose lanes a slice is on, for example (process, thread).
    nested : bool
        Whether slices may lie inside one another; otherwise they must be apart.
    """
    lanes = [0] * len(owners)
    open_ends: dict[Hashable, list[list[int]]] = {}
    first, last = starts.tolist(), ends.tolist()
    for row in np.lexsort((-ends, starts)).tolist():
        stacks = open_ends.setdefault(owners[row], [])
        lanes[row] = _place(stacks, first[row], last[row], nested)
    return lanes


def _place(stacks: list[list[int]], start: int, end: int, nested: bool) -> int:
    for lane, stack in enumerate(stacks):
        while stack and stack[-1] <= start:
            stack.pop()
        if not stack or (nested and end <= stack[-1]):
            stack.append(end)
            return lane
    stacks.append([end])
    return len(stacks) - 1
