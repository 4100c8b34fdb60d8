"""Stable orders of numbers that often lie close together, such as tracks, names and depths."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["stable_order"]

Int64 = npt.NDArray[np.int64]
_NARROW = 1 << 16


def stable_order(values: npt.NDArray[Any]) -> Int64:
    """The order that sorts integers, equal ones as they are; shape (n,).

    Numbers of 16 bits are sorted by radix, several times as fast as wider ones.
    """
    if not len(values):
        return np.zeros(0, np.int64)
    low = values.min()
    spread = int(values.max()) - int(low)
    if not spread:
        return np.arange(len(values))
    return np.argsort(
        (values - low).astype(np.uint16) if spread < _NARROW else values, kind="stable"
    )
