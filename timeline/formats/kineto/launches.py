"""Activities and the calls that issued them, tied by correlation id."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.intake import Intake
from timeline.formats.kineto.rows import Columns

__all__ = ["Launches"]

Int64 = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


class Launches:
    """The calls of a file by correlation id; an id that two calls share tells of neither.

    Parameters
    ----------
    calls : dict of str to numpy.ndarray, optional
        Columns of the calls.
    """

    def __init__(self, calls: Columns | None) -> None:
        self._calls = calls if calls is not None and "correlation" in calls else {}
        empty = np.empty(0, np.int64)
        correlation = self._calls.get("correlation", empty)
        order = np.argsort(correlation, kind="stable")
        ids = correlation[order]
        alone = np.ones(len(ids), np.bool_)
        alone[1:] &= ids[1:] != ids[:-1]
        alone[:-1] &= ids[1:] != ids[:-1]
        alone &= ids >= 0
        self._ids, self._rows = ids[alone], order[alone]

    def rows_of(self, correlation: Int64) -> Int64:
        """Row of the call of each correlation id; -1 where none is known. Shape (n,)."""
        if not len(self._ids):
            return np.full(len(correlation), -1, np.int64)
        place = np.minimum(np.searchsorted(self._ids, correlation), len(self._ids) - 1)
        return np.where(self._ids[place] == correlation, self._rows[place], -1)

    def complete(self, columns: Columns, *, processes: bool) -> None:
        """Fill in the process, and the thread unless ``processes`` only, from the call."""
        if "correlation" not in columns or not len(self._ids):
            return
        rows = self.rows_of(columns["correlation"])
        for name in ("process",) if processes else ("process", "thread"):
            if name in self._calls:
                values = np.where(rows >= 0, self._calls[name][rows], -1)
                known = columns.get(name)
                columns[name] = values if known is None else np.where(known >= 0, known, values)

    def flag_early(self, activities: Columns, intake: Intake) -> None:
        """Flag activities that start before the call that issued them began."""
        if "correlation" not in activities or not len(self._ids):
            return
        rows = self.rows_of(activities["correlation"])
        early = np.flatnonzero(rows >= 0)
        early = early[activities["start"][early] < self._calls["start"][rows[early]]]
        if len(early):
            first = int(activities["correlation"][early[0]])
            intake.flag(
                f"correlation {first}",
                "activities that start before the call that issued them, kept as they are",
                len(early),
            )
