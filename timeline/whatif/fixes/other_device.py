"""The same schedule on another described device."""

from __future__ import annotations

import numpy as np

from timeline.backends.sim.costs import along
from timeline.backends.sim.device_model import Curve, DeviceModel
from timeline.backends.sim.devices import load_device
from timeline.engines import D2H, ENGINES, H2D, P2P, SM
from timeline.errors import UsageError
from timeline.whatif.fix import Change, Fix, Parameter, unchanged
from timeline.whatif.scenario import Float64, Scenario

__all__ = ["FIX"]

_LIMITS = ("memory", "arithmetic")
_TO_H2D = ENGINES.index(H2D) - ENGINES.index(D2H)


def other_device(scenario: Scenario, device: str, limit: str) -> Change:
    """Copies take what they take there; kernels by the ratio of memory bandwidth or arithmetic."""
    if limit not in _LIMITS:
        raise UsageError(f"other_device: limit {limit!r}: one of {', '.join(_LIMITS)}")
    here, there = scenario.model, load_device(device)
    if here.name == there.name:
        return unchanged(scenario)
    activities = scenario.activities
    scale = np.ones(len(activities))
    kernels = scenario.on(SM)
    scale[kernels] = _throughput(here, limit) / _throughput(there, limit)
    for engine in (H2D, D2H):
        mine = scenario.on(engine) & (scenario.names("src_kind") != "pageable")
        mine &= scenario.names("dst_kind") != "pageable"
        scale[mine] = _times_as_long(
            _curve(here, engine), _curve(there, engine), scenario.column("bytes")[mine]
        )
    scale[scenario.on(P2P)] = here.peer.gbps / there.peer.gbps
    groups = activities.groups
    if there.copy.engines == 1:
        back = groups % len(ENGINES) == ENGINES.index(D2H)
        groups = np.where(back & (groups >= 0), groups + _TO_H2D, groups)
    changed = activities.replace(
        work_ns=activities.work_ns * scale, early_ns=activities.early_ns * scale, groups=groups
    )
    return Change(
        scenario.replace(activities=changed),
        int((scale != 1).sum()),
        (
            f"Every kernel is limited by {limit}, as fast as a {there.name} is beside a "
            f"{here.name}, and fills as much of either.",
            "The host is as fast, and hand-overs take as long, as in the recording.",
            f"Copies of pageable memory take as long as here; others what the {there.name}'s "
            "file tells.",
        ),
    )


def _throughput(model: DeviceModel, limit: str) -> float:
    if limit == "memory":
        return max(gbps for _, gbps in model.memory.dram_gbps)
    return model.sm.flops_per_ns * model.sm.count


def _curve(model: DeviceModel, engine: str) -> Curve:
    return model.copy.h2d_ns if engine == H2D else model.copy.d2h_ns


def _times_as_long(here: Curve, there: Curve, sizes: np.typing.NDArray[np.int64]) -> Float64:
    found, which = np.unique(sizes, return_inverse=True)
    ratios = [along(there, size) / along(here, size) for size in np.maximum(found, 1).tolist()]
    return np.array(ratios, np.float64)[which]


FIX = Fix(
    "other_device",
    "another device",
    "The same program on another described device, such as a100 or h200.",
    other_device,
    (
        Parameter("device", "", "such as a100"),
        Parameter("limit", "memory", "what limits its kernels: memory or arithmetic"),
    ),
    ranked=False,
)
