"""Numbers for rows that are alike in all of several columns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from timeline.analysis.numbering import number_ids
from timeline.intervals import Int64

__all__ = ["numbered"]


def numbered(count: int, columns: Iterable[Int64]) -> Int64:
    """A number from 0 for each of ``count`` rows; rows with equal values get equal numbers."""
    codes = np.zeros(count, np.int64)
    for column in columns:
        more = number_ids(column.astype(np.int64))
        if more.any():
            codes = number_ids(codes * (int(more.max()) + 1) + more)
    return codes
