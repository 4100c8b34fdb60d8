"""Finding the call that issued something: by process and correlation id together.

A correlation id is unique within a process alone; two ranks in one file share most of theirs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["CallIndex"]

Int64 = npt.NDArray[np.int64]


class CallIndex:
    """Rows of calls by process and correlation id.

    Parameters
    ----------
    processes, correlations : numpy.ndarray of int64, shape (n,)
        Of each call. An id below 1 stands for none; of equal ones the last counts.
    """

    def __init__(self, processes: Int64, correlations: Int64) -> None:
        same = bool((processes == processes[:1]).all())
        self._processes = processes[:1] if same else np.unique(processes)
        self._low = int(correlations.min(initial=1))
        self._width = int(correlations.max(initial=0)) - self._low + 1
        keys = self._keys(processes, correlations)
        rows = np.flatnonzero(correlations > 0)
        self._table: Int64 | None = None
        slots = self._width * len(self._processes)
        if slots <= 16 * len(correlations) + (1 << 16):
            self._table = np.full(slots + 1, -1, np.int64)
            self._table[keys[rows]] = rows
        else:
            order = np.argsort(keys[rows], kind="stable")
            self._rows, self._sorted = rows[order], keys[rows[order]]

    def _keys(self, processes: Int64, correlations: Int64) -> Int64:
        """A number for each pair; the last one for a pair that can't be among the calls."""
        nowhere = self._width * len(self._processes)
        if not nowhere:
            return np.zeros(len(correlations), np.int64)
        place = np.searchsorted(self._processes, processes)
        place[place == len(self._processes)] = 0
        inside = (correlations >= self._low) & (correlations - self._low < self._width)
        inside &= (self._processes[place] == processes) & (correlations > 0)
        return np.where(inside, place * self._width + (correlations - self._low), nowhere)

    def find(self, processes: Int64, correlations: Int64) -> Int64:
        """Row of the call of each pair; -1 where there is none."""
        keys = self._keys(processes, correlations)
        if self._table is not None:
            return self._table[keys]
        place = np.searchsorted(self._sorted, keys, side="right") - 1
        found = (place >= 0) & (self._sorted[np.maximum(place, 0)] == keys)
        return np.where(found, self._rows[np.maximum(place, 0)], -1)
