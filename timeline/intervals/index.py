"""Measures of a union inside arbitrary windows, O(log n) each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.intervals.limits import Int64, require_span

__all__ = ["UnionIndex"]


class UnionIndex:
    """A union with the prefix sums of its lengths.

    Parameters
    ----------
    starts, ends : numpy.ndarray of int64, shape (n,)
        A union.

    Examples
    --------
    >>> import numpy as np
    >>> index = UnionIndex(np.array([0, 10]), np.array([4, 20]))
    >>> index.measure(2, 15)
    7
    """

    def __init__(self, starts: Int64, ends: Int64) -> None:
        if len(starts):
            require_span(int(starts[0]), int(ends[-1]))
        self.starts, self.ends = starts, ends
        self._before = np.zeros(len(starts) + 1, np.int64)
        np.cumsum(ends - starts, out=self._before[1:])

    def before(self, times: npt.ArrayLike) -> Int64:
        """Length of the union before each time, ns; shape of ``times``."""
        at = np.asarray(times, np.int64)
        begun = np.searchsorted(self.starts, at, "right")
        if len(self.starts) == 0:
            return np.zeros(at.shape, np.int64)
        last = np.maximum(begun - 1, 0)
        length = self.ends[last] - self.starts[last]
        reached = np.minimum(at, self.ends[last]) - self.starts[last]
        part = np.where(begun > 0, np.minimum(reached, length), 0)
        return np.asarray(self._before[last] + part)

    def measures(self, starts: npt.ArrayLike, ends: npt.ArrayLike) -> Int64:
        """Length of the union within each window ``[start, end)``, ns; 0 for an empty window."""
        return np.asarray(np.maximum(self.before(ends) - self.before(starts), 0))

    def measure(self, start: int, end: int) -> int:
        """Length of the union within one window, ns."""
        return int(self.measures(start, end))
