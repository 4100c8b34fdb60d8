"""What happened inside the kernels, from stamps: blocks on the SMs, and what their roles did."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from timeline.analysis.role_overlap import Bools, role_overlap
from timeline.analysis.sm_blocks import BlockSpans, SmBlocks, block_spans, sm_blocks
from timeline.analysis.work import Work

__all__ = ["InsideKernel", "RolePair", "RoleUse", "inside_kernels"]


@dataclass(frozen=True, slots=True)
class RoleUse:
    """A role in all stamped blocks of a kernel's launches.

    Attributes
    ----------
    spans : int
        Its stamps: one a block, or one a tile and block.
    mean_ns : float
        Mean length of them, ns.
    share : float
        Σ |B(role)| / Σ |block|, each the sum over the blocks: how much of the time it was at work.
    """

    role: str
    spans: int
    mean_ns: float
    share: float


@dataclass(frozen=True, slots=True)
class RolePair:
    """Two roles of the same blocks.

    Attributes
    ----------
    ratio : float or None
        Part of the shorter one's time in which the other was at work too; see ``role_overlap``.
        None when they never belong to one block.
    """

    roles: tuple[str, str]
    ratio: float | None


@dataclass(frozen=True, slots=True)
class InsideKernel:
    """One kernel; ``blocks.kernel`` is its name, or empty for all kernels, which have no roles."""

    blocks: SmBlocks
    roles: tuple[RoleUse, ...] = ()
    overlaps: tuple[RolePair, ...] = ()


def inside_kernels(work: Work) -> tuple[InsideKernel, ...]:
    """One entry a kernel name that wrote stamps; with several, another over all of them."""
    found, spans = sm_blocks(work), block_spans(work)
    names = work.trace.names("activities", "name")
    return tuple(
        _kernel(work, one, spans.take(spans.kernel == names.index(one.kernel)))
        if one.kernel in names
        else InsideKernel(one)
        for one in found
    )


def _kernel(work: Work, blocks: SmBlocks, spans: BlockSpans) -> InsideKernel:
    rows = np.isin(work.trace.column("stamps", "correlation"), np.unique(spans.correlation))
    device = work.trace.column("stamps", "device")
    rows &= (device == work.device) | (device < 0)
    roles = _roles(work, rows)
    resident = int((spans.end - spans.start).sum())
    return InsideKernel(
        blocks,
        tuple(_use(work, role, rows, resident) for role in roles),
        tuple(_pair(work, pair, rows) for pair in combinations(roles, 2)),
    )


def _roles(work: Work, rows: Bools) -> list[str]:
    """Roles by when they begin first."""
    trace = work.trace
    code, start = (trace.column("stamps", c)[rows] for c in ("role", "start"))
    order = np.argsort(start, kind="stable")
    found = dict.fromkeys(code[order].tolist())
    return [trace.names("stamps", "role")[c] for c in found if c >= 0]


def _use(work: Work, role: str, rows: Bools, resident_ns: int) -> RoleUse:
    trace = work.trace
    mine = rows & (trace.column("stamps", "role") == trace.names("stamps", "role").index(role))
    length = (trace.column("stamps", "end") - trace.column("stamps", "start"))[mine]
    busy = int(role_overlap(trace, role, role, rows=rows).first_ns.sum())
    share = busy / resident_ns if resident_ns else 0.0
    return RoleUse(role, len(length), float(length.mean()), share)


def _pair(work: Work, roles: tuple[str, str], rows: Bools) -> RolePair:
    ratio = role_overlap(work.trace, *roles, rows=rows).ratio
    return RolePair(roles, None if np.isnan(ratio) else ratio)
