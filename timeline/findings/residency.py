"""How much of the device a kernel's blocks fill, were it alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.engines import SM
from timeline.findings.case import Case
from timeline.intervals import Int64

__all__ = ["Float64", "capacity_of", "fills", "sm_count"]

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Limits:
    """What one SM holds: threads, blocks, 32-bit registers, bytes of shared memory."""

    threads: int
    blocks: int
    registers: int
    shared: int


_REGISTERS = 65_536
_LIMITS = {
    (7, 0): _Limits(2048, 32, _REGISTERS, 96 << 10),
    (7, 5): _Limits(1024, 16, _REGISTERS, 64 << 10),
    (8, 0): _Limits(2048, 32, _REGISTERS, 164 << 10),
    (8, 6): _Limits(1536, 16, _REGISTERS, 100 << 10),
    (8, 9): _Limits(1536, 24, _REGISTERS, 100 << 10),
    (9, 0): _Limits(2048, 32, _REGISTERS, 228 << 10),
    (10, 0): _Limits(2048, 32, _REGISTERS, 228 << 10),
    (12, 0): _Limits(1536, 24, _REGISTERS, 100 << 10),
}
"""By compute capability: CUDA C++ Programming Guide, "Technical Specifications per Compute
Capability"."""


def sm_count(case: Case) -> int | None:
    """SMs of the device; None where the trace does not say."""
    return next(
        (d.sm_count for d in case.work.trace.meta.devices if d.id == case.work.device), None
    )


def _limits(case: Case) -> _Limits:
    known = {d.id: d.compute_capability for d in case.work.trace.meta.devices}
    major, _, minor = (known.get(case.work.device) or "").partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        return _LIMITS[9, 0]
    version = (int(major), int(minor))
    return _LIMITS[max((one for one in _LIMITS if one <= version), default=(7, 0))]


def capacity_of(case: Case) -> Int64:
    """Blocks of each activity's kernel that the device holds at once; 0 for what is no kernel."""
    work, limits = case.work, _limits(case)
    threads = np.maximum(work.column("block").astype(np.int64).prod(axis=1), 1)
    warps = -(-threads // 32)
    registers = np.maximum(work.column("registers").astype(np.int64), 0) * warps * 32
    shared = sum(np.maximum(work.column(n), 0) for n in ("static_shared", "dynamic_shared"))
    fit = np.minimum(limits.threads // (warps * 32), limits.blocks)
    fit = np.minimum(fit, limits.registers // np.maximum(registers, 1))
    fit = np.minimum(fit, limits.shared // np.maximum(np.asarray(shared, np.int64), 1))
    count = sm_count(case) or 0
    return np.where(case.on(SM), np.maximum(fit, 1) * count, 0)


def fills(case: Case) -> Float64:
    """Part of the device that each kernel's blocks fill, at most 1.

    1 where its grid or the device's SMs are not known, and for what is no kernel.
    """
    blocks = case.work.column("grid").astype(np.int64).prod(axis=1)
    capacity = capacity_of(case)
    known = (blocks > 0) & (capacity > 0)
    return np.where(known, np.minimum(blocks / np.maximum(capacity, 1), 1.0), 1.0)
