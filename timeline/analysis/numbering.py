"""Small consecutive numbers for ids, so that they can be packed, counted and sorted fast."""

from __future__ import annotations

import numpy as np

from timeline.intervals import Int64

__all__ = ["number_ids"]

_DENSE = 1 << 20


def number_ids(ids: Int64) -> Int64:
    """Number ids from 0 in ascending order; equal ids get equal numbers. Shape (n,).

    Ids that lie close together, as CUPTI's do, cost a table look-up instead of a sort.
    """
    if ids.size == 0:
        return np.zeros(0, np.int64)
    low, high = int(ids.min()), int(ids.max())
    if high - low >= _DENSE:
        return np.asarray(np.unique(ids, return_inverse=True)[1], np.int64)
    offset = ids.astype(np.int64) - low
    used = np.zeros(high - low + 1, np.bool_)
    used[offset] = True
    return np.asarray((np.cumsum(used) - 1)[offset])
