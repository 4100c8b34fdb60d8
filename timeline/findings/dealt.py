"""How long one stream's work takes when its batches are dealt to several streams."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.engines import D2H, ENGINES, H2D, SM
from timeline.intervals import Int64

__all__ = ["batches_of", "dealt_ns"]

_STAGES = {H2D: 0, SM: 1, D2H: 2}


def batches_of(engine_codes: Int64, owners: Int64) -> Int64:
    """Number the batches of activities in their stream's order; shape (n,).

    A copy in, kernels and a copy out make a batch; a new one begins where the stage falls back, or
    where another host thread issued.
    """
    stage = np.full(len(engine_codes), _STAGES[SM], np.int64)
    for name, value in _STAGES.items():
        stage[engine_codes == ENGINES.index(name)] = value
    fresh = np.zeros(len(stage), np.int64)
    fresh[1:] = (stage[1:] < stage[:-1]) | (owners[1:] != owners[:-1])
    return np.cumsum(fresh)


def dealt_ns(
    starts: Int64,
    ends: Int64,
    engines: Int64,
    batches: Int64,
    fill: npt.NDArray[np.float64],
    lanes: int,
) -> int:
    """Makespan of the activities with batch i in stream i modulo ``lanes``, ns.

    Each lasts as long as it did and follows the one before it in its stream after the gap that was
    recorded. Copy engines take one at a time, in order of issue; the SMs take kernels together as
    long as their fills add up to at most 1, and else one after the other.
    """
    gaps = np.zeros(len(starts), np.int64)
    gaps[1:] = np.clip(starts[1:] - ends[:-1], 0, _LONGEST_GAP_NS)
    free = [0] * lanes
    engine_free: dict[int, int] = {}
    sm = ENGINES.index(SM)
    running: list[tuple[int, float]] = []
    rows = zip(
        (ends - starts).tolist(),
        engines.tolist(),
        (batches % lanes).tolist(),
        gaps.tolist(),
        fill.tolist(),
        strict=True,
    )
    for lasts, engine, lane, gap, part in rows:
        begin = free[lane] + gap
        if engine == sm:
            begin = _room(running, begin, part)
            running.append((begin + lasts, part))
        else:
            begin = max(begin, engine_free.get(engine, 0))
            engine_free[engine] = begin + lasts
        free[lane] = begin + lasts
    return max(free)


_LONGEST_GAP_NS = 20_000
"""A longer gap is a wait, which the dealt-out work does not keep."""


def _room(running: list[tuple[int, float]], begin: int, part: float) -> int:
    """When there is room for a kernel; kernels that have ended by then leave the list."""
    running[:] = [one for one in running if one[0] > begin]
    running.sort()
    while running and sum(fill for _, fill in running) + part > 1:
        begin = max(begin, running.pop(0)[0])
    return begin
