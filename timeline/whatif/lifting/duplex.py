"""How much copies slow down while copies run the other way too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.work import Work
from timeline.backends.sim.device_model import DeviceModel
from timeline.engines import D2H, ENGINES, H2D
from timeline.intervals import Int64, UnionIndex, union
from timeline.whatif.lifting.sharing import Pace

__all__ = ["duplex_factors", "duplex_pace"]

Float64 = npt.NDArray[np.float64]

_OPPOSITE = {H2D: D2H, D2H: H2D}
_ENOUGH, _ALONE, _TOGETHER = 3, 0.1, 0.9
_LEAST_BYTES = 1 << 16


def duplex_factors(work: Work, model: DeviceModel) -> dict[int, float]:
    """How many times as long copies of each direction take, by the direction's engine number.

    From the recording where it has copies of one size both ways and alone, else as described.
    Numbers are those of :func:`.engine_shares.engine_groups`.
    """
    described = {H2D: model.copy.h2d_duplex, D2H: model.copy.d2h_duplex}
    return {
        ENGINES.index(engine) + number * len(ENGINES): _recorded(part, engine) or described[engine]
        for number, part in enumerate(work.parts)
        for engine in _OPPOSITE
    }


def duplex_pace(work: Work, engine: int, factor: float) -> Pace | None:
    """The pace of an engine; None where nothing outside slows it."""
    name = ENGINES[engine]
    if name not in _OPPOSITE or not (work.engine_codes == ENGINES.index(_OPPOSITE[name])).any():
        return None
    busy = _busy(work, _OPPOSITE[name])
    begin = int(work.starts.min())

    def own_time(times: Int64) -> Float64:
        both = busy.measures(np.full(len(times), begin), np.maximum(times, begin))
        return np.asarray(times - both * (1 - 1 / factor))

    return own_time


def _busy(work: Work, engine: str) -> UnionIndex:
    mine = work.engine_codes == ENGINES.index(engine)
    return UnionIndex(*union(work.starts[mine], work.ends[mine]))


def _recorded(work: Work, engine: str) -> float | None:
    """Of the size of which most copies were seen both ways; None where there are too few."""
    mine = np.flatnonzero(work.engine_codes == ENGINES.index(engine))
    sizes, took = work.column("bytes")[mine], (work.ends - work.starts)[mine]
    if not len(mine):
        return None
    beside = _busy(work, _OPPOSITE[engine]).measures(work.starts[mine], work.ends[mine])
    part = beside / np.maximum(took, 1)
    best: tuple[int, float] | None = None
    for size in np.unique(sizes[sizes >= _LEAST_BYTES]).tolist():
        alone, both = (
            took[(sizes == size) & (part < _ALONE)],
            took[(sizes == size) & (part > _TOGETHER)],
        )
        count = min(len(alone), len(both))
        if count >= _ENOUGH and (best is None or count > best[0]):
            best = count, float(np.median(both) / np.median(alone))
    return max(best[1], 1.0) if best else None
