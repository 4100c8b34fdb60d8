"""How much a figure varied over the repeats of a Program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Spread", "spread"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Order statistics of a figure, in its unit.

    Attributes
    ----------
    mad : float
        Median absolute deviation from the median.
    iqr : float
        From the first to the third quartile (NumPy's linear interpolation).
    """

    count: int
    median: float
    mad: float
    iqr: float
    min: float
    max: float


def spread(values: Sequence[float | None]) -> Spread | None:
    """Order statistics of the values there are; None without any."""
    found = np.array([value for value in values if value is not None], np.float64)
    if not found.size:
        return None
    low, median, high = np.percentile(found, (25, 50, 75)).tolist()
    mad = float(np.median(np.abs(found - median)))
    return Spread(len(found), median, mad, high - low, float(found.min()), float(found.max()))
