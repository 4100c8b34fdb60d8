"""Sub-rows for bars of one row that overlap, so that each of them is seen."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

__all__ = ["depths"]

Int64 = npt.NDArray[np.int64]


def depths(start: Int64, end: Int64) -> npt.NDArray[np.int32]:
    """Give each interval the lowest sub-row that is free when it starts.

    Parameters
    ----------
    start, end : (n,) int64
        Ascending by start. An empty interval takes no room.

    Returns
    -------
    (n,) int32
        As many sub-rows as intervals are open at once, the fewest possible.
    """
    found = np.zeros(len(start), np.int32)
    if len(start) < 2 or not (start[1:] < np.maximum.accumulate(end)[:-1]).any():
        return found
    open_until: list[tuple[int, int]] = []
    free: list[int] = []
    rows = 0
    for i, (begin, finish) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        while open_until and open_until[0][0] <= begin:
            heappush(free, heappop(open_until)[1])
        if not free:
            heappush(free, rows)
            rows += 1
        found[i] = heappop(free)
        heappush(open_until, (finish, int(found[i])))
    return found
