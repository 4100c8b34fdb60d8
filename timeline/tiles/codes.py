"""Small numbers for rows that agree in several columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.analysis.numbering import number_ids
from timeline.intervals import Int64

__all__ = ["packed_codes"]

_MOST = 1 << 40
_SPARSE = 1 << 16


def packed_codes(columns: Iterable[npt.NDArray[Any]]) -> Int64:
    """Number rows from 0, in the order of the columns; equal rows get equal numbers.

    A column of one value costs a look at it, one of close values a multiplication.
    """
    codes, size, count = np.zeros(0, np.int64), 1, 0
    for column in columns:
        count = len(column)
        if not count or (low := int(column.min())) == (high := int(column.max())):
            continue
        if high - low >= _SPARSE:
            column, low = number_ids(column), 0
            high = int(column.max())
        width = high - low + 1
        if size * width >= _MOST:
            codes = number_ids(codes)
            size = int(codes.max()) + 1
        part = column.astype(np.int64) - low
        codes = codes * width + part if len(codes) else part
        size *= width
    return number_ids(codes) if len(codes) else np.zeros(count, np.int64)
