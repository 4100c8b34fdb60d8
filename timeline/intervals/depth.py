"""How many intervals are open at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.intervals.limits import Int64, exact_bincount, int64_pair, require_span

__all__ = ["depth_histogram"]


def depth_histogram(starts: npt.ArrayLike, ends: npt.ArrayLike) -> Int64:
    """Time during which exactly 0, 1, 2, … intervals were open, ns.

    Parameters
    ----------
    starts, ends : array_like of int, shape (n,)
        Any intervals, in any order; they may overlap.

    Returns
    -------
    numpy.ndarray of int64, shape (deepest + 1,)
        Index 0 is the time between the first start and the last end at which none was open.
    """
    first, last = int64_pair(starts, ends)
    keep = last > first
    first, last = np.sort(first[keep]), np.sort(last[keep])
    if first.size == 0:
        return np.zeros(1, np.int64)
    require_span(int(first[0]), int(last[-1]))
    bounds = np.concatenate((first, last))
    order = np.argsort(bounds, kind="stable")
    depth = np.cumsum(np.where(order < len(first), 1, -1))
    lengths = np.diff(bounds[order])
    # Ties put starts before ends, so a depth may be too high for 0 ns: trim what holds no time.
    found = exact_bincount(depth[:-1], lengths, int(depth.max()) + 1)
    return found[: int(np.flatnonzero(found)[-1]) + 1]
