"""Durations: curves of copies, and what one wave of a kernel's blocks takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from timeline.backends.sim.device_model import Curve, DeviceModel, Sm

if TYPE_CHECKING:
    from timeline.program import Work

__all__ = ["Share", "along", "wave_share"]


def along(curve: Curve, x: float) -> float:
    """Value of a curve at ``x``: linear between its points, level before, the last slope beyond."""
    if x <= curve[0][0] or len(curve) == 1:
        return curve[0][1]
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return y1 + (y1 - y0) / (x1 - x0) * (x - x1)


def bandwidth(model: DeviceModel, blocks: int) -> float:
    """DRAM bandwidth, bytes/ns, that ``blocks`` blocks on as many SMs as possible can draw."""
    curve = model.memory.dram_gbps
    sms = min(blocks, model.sm.count)
    return min(along(curve, sms), peak(model))


def peak(model: DeviceModel) -> float:
    """DRAM bandwidth of the device, bytes/ns."""
    return max(y for _, y in model.memory.dram_gbps)


@dataclass(eq=False, slots=True)
class Sms:
    """Some of a device's SMs.

    Attributes
    ----------
    count : int
        How many.
    taken : int
        Warps on each of them that take turns in the schedulers and do no arithmetic.
    """

    count: int
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What a set of equal blocks that run together wants of the shared resources.

    Attributes
    ----------
    blocks : int
        Blocks; 0 for a fill or copy in device memory.
    alone_ns : int
        How long they take with the device for themselves.
    flops : float
        FP32 operations of one block, or what counts as such.
    dram_bytes : float
        Bytes of all of them, or what counts as such.
    weight : float
        Warps: bandwidth under contention is shared in proportion to it.
    demand : float
        Bandwidth drawn when nothing is contended, bytes/ns.
    hungry : int
        Blocks that do arithmetic.
    sms : Sms or None
        Where they are; None for all SMs.
    """

    blocks: int
    alone_ns: int
    flops: float
    dram_bytes: float
    weight: float
    sms: Sms | None = None
    demand: float = field(init=False)
    hungry: int = field(init=False)

    def __post_init__(self) -> None:
        drawn = self.dram_bytes / self.alone_ns if self.alone_ns else 0.0
        object.__setattr__(self, "demand", drawn)
        object.__setattr__(self, "hungry", self.blocks if self.flops else 0)


def wave_share(
    model: DeviceModel,
    work: Work,
    blocks: int,
    warps: int,
    *,
    main: bool,
    sms: Sms | None = None,
) -> Share:
    """Cost of ``blocks`` blocks that start together on an otherwise idle device.

    The time is the longest of the fixed time, the arithmetic of the fullest SM, and the traffic at
    the bandwidth that these blocks can draw. Operations on tensor cores count as the FP32
    operations, and bytes of the L2 cache as the bytes of DRAM, that would take as long.

    Parameters
    ----------
    main : bool
        Leave the prologue (before ``griddepcontrol.wait``) out.
    sms : Sms, optional
        On these alone.
    """
    count = sms.count if sms else model.sm.count
    fixed = work.block_ns - (work.prologue_ns if main else 0.0)
    flops, traffic = work.flops, work.dram_bytes * blocks
    if work.tensor_flops:
        flops += work.tensor_flops * model.sm.flops_per_ns / model.sm.tensor_flops_per_ns
    if work.l2_bytes:
        traffic += work.l2_bytes * blocks * peak(model) / model.memory.l2_gbps
    arithmetic = flops * math.ceil(blocks / count) / model.sm.flops_per_ns
    moved = traffic / bandwidth(model, min(blocks, count)) if traffic else 0.0
    alone = math.ceil(max(fixed, arithmetic, moved, 0.0) - 1e-9)
    return Share(blocks, alone, flops, traffic, float(blocks * warps), sms)


def fill_share(sm: Sm, nbytes: int, duration_ns: int) -> Share:
    """A fill or a copy within device memory that moves ``nbytes`` in ``duration_ns`` when alone."""
    return Share(0, duration_ns, 0.0, float(nbytes), float(sm.count * sm.threads // 32))
