"""Which activities of a stream belong together: copies in, the kernels on them, copies out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.engines import ENGINES, H2D, SM
from timeline.intervals import Int64
from timeline.whatif.scenario import Scenario

__all__ = ["Batches", "batches"]

_H2D, _SM = ENGINES.index(H2D), ENGINES.index(SM)


@dataclass(frozen=True, eq=False, slots=True)
class Batches:
    """Batches of each stream.

    Attributes
    ----------
    numbers : numpy.ndarray of int64, shape (n,)
        Of each activity's batch within its stream, from 0.
    what : str
        What makes a batch, for an assumption.
    """

    numbers: Int64
    what: str


def batches(scenario: Scenario) -> Batches:
    """Find them.

    A batch begins with a copy to the device that follows something else. Where a stream has no such
    copies each kernel begins one.
    """
    activities = scenario.activities
    codes = scenario.work.engine_codes[activities.places]
    turn = np.lexsort((activities.ranks, activities.streams))
    streams, codes = activities.streams[turn], codes[turn]
    opens = np.append(True, streams[1:] != streams[:-1])[: len(turn)]
    before = np.append(-1, codes[:-1])[: len(turn)]
    fed = np.isin(streams, streams[codes == _H2D])
    begins = np.where(fed, (codes == _H2D) & (before != _H2D), codes == _SM) & ~opens
    total = np.cumsum(begins)
    base = np.maximum.accumulate(np.where(opens, total, -1))
    numbers = np.empty(len(turn), np.int64)
    numbers[turn] = total - base
    what = "Batches (copies in, the kernels after them, copies out)"
    return Batches(numbers, what if fed.all() else f"{what} or kernels")
