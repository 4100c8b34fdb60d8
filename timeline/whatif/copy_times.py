"""How long a copy of pinned memory takes: from the recording's own, or the described device."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.backends.sim.costs import along
from timeline.engines import H2D
from timeline.intervals import Int64
from timeline.whatif.scenario import Scenario

__all__ = ["copy_times"]

Float64 = npt.NDArray[np.float64]


def copy_times(scenario: Scenario, engine: str, sizes: Int64) -> tuple[Float64, str]:
    """Duration of pinned copies of these sizes in one direction, ns, and where it comes from.

    The described curve over size, scaled by the recording's own pinned copies of the nearest size.
    """
    curve = scenario.model.copy.h2d_ns if engine == H2D else scenario.model.copy.d2h_ns
    described = np.array([along(curve, size) for size in sizes.tolist()], np.float64)
    known_sizes, ratios = _recorded_ratios(scenario, engine, curve)
    if not len(known_sizes):
        return described, f"the described {scenario.model.name}'s figures"
    nearest = np.abs(np.log(known_sizes)[None, :] - np.log(np.maximum(sizes, 1))[:, None])
    return described * ratios[nearest.argmin(axis=1)], "the recording's own pinned copies"


def _recorded_ratios(
    scenario: Scenario, engine: str, curve: tuple[tuple[float, float], ...]
) -> tuple[Float64, Float64]:
    """Sizes of the recording's pinned copies, and how long they took beside the curve."""
    kinds = scenario.names("src_kind") if engine == H2D else scenario.names("dst_kind")
    mine = np.flatnonzero((kinds == "pinned") & scenario.on(engine))
    sizes, took = scenario.column("bytes")[mine], scenario.activities.work_ns[mine]
    found = np.unique(sizes[sizes > 0])
    ratios = [float(np.median(took[sizes == size])) / along(curve, size) for size in found.tolist()]
    return found.astype(np.float64), np.array(ratios, np.float64)
