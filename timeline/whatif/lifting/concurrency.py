"""Whether kernels that run side by side slow each other down.

A recording tells only where the same kernel ran more or less beside others: then the model under
which its launches need the more equal work is the right one. The two models are that kernels keep
their pace while their blocks find room, and that they share the SMs that they are on, all slowed
down alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.work import Work
from timeline.intervals import Int64
from timeline.whatif.lifting.alike import numbered
from timeline.whatif.lifting.engine_shares import Shares

__all__ = ["seen_free"]

Float64 = npt.NDArray[np.float64]

_TELLING = 0.02
"""By this part of their work the launches of a kernel must differ more under one than the other."""


def seen_free(work: Work, places: Int64, shares: Shares) -> bool | None:
    """Whether kernels were seen to keep their pace beside others; None where it can't be seen.

    Parameters
    ----------
    places : numpy.ndarray of int64, shape (k,)
        The kernels.
    """
    starts, ends = work.starts[places], work.ends[places]
    if bool((shares.touched[places] == shares.room[places]).all()):
        return None
    kinds = numbered(len(places), (work.column("name")[places], *work.column("grid")[places].T))
    free = _spread(kinds, _work(starts, ends, shares.room[places]))
    shared = _spread(kinds, _work(starts, ends, shares.touched[places]))
    return None if abs(free - shared) <= _TELLING else free < shared


def _work(starts: Int64, ends: Int64, loads: Float64) -> Float64:
    """What each would have taken alone, if all that run slow down alike when they are too many."""
    times = np.concatenate((starts, ends))
    turn = np.argsort(times, kind="stable")
    filled = np.cumsum(np.concatenate((loads, -loads))[turn])
    passed = np.diff(times[turn], append=times[turn][-1:]) / np.maximum(filled, 1.0)
    before = np.concatenate(([0.0], np.cumsum(passed)[:-1]))
    at = np.empty(len(times))
    at[turn] = before
    return np.asarray(at[len(starts) :] - at[: len(starts)])


def _spread(kinds: Int64, values: Float64) -> float:
    """Mean distance from the median of the same kind, as a part of all."""
    order = np.argsort(kinds, kind="stable")
    first = np.flatnonzero(np.diff(kinds[order], prepend=-1))
    parts = np.split(values[order], first[1:])
    apart = sum(float(np.abs(part - np.median(part)).sum()) for part in parts)
    return apart / max(float(values.sum()), 1.0)
