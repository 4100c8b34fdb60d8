"""Which engine each activity takes, and which part of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.work import Work
from timeline.backends.sim.device_model import DeviceModel, Sm
from timeline.backends.sim.occupancy import Footprint
from timeline.engines import D2H, ENGINES, H2D, P2P, SM
from timeline.intervals import Int64

__all__ = ["engine_groups", "engine_shares"]

Float64 = npt.NDArray[np.float64]

_TAKEN = (SM, H2D, D2H, P2P)


def engine_groups(work: Work) -> Int64:
    """Number of the engine that each activity takes, -1 for one that others don't wait for.

    A device with one copy engine has one for both directions.
    """
    groups = np.where(
        np.isin(work.engine_codes, [ENGINES.index(name) for name in _TAKEN]),
        work.engine_codes.astype(np.int64),
        -1,
    )
    one = [d.copy_engines for d in work.trace.meta.devices if d.id == work.device]
    if one == [1]:
        groups[groups == ENGINES.index(D2H)] = ENGINES.index(H2D)
    return groups


def engine_shares(work: Work, model: DeviceModel) -> tuple[Float64, bool]:
    """Part of its engine that each activity fills, and whether that is known of every kernel.

    Copies fill theirs. A kernel fills what its blocks take of those that fit on the device at once,
    and never less than one of the grids that can be resident.
    """
    shares = np.ones(len(work.rows))
    kernels = np.flatnonzero(work.engine_codes == ENGINES.index(SM))
    if not len(kernels):
        return shares, True
    columns = [work.column("grid")[kernels], work.column("block")[kernels]]
    columns += [work.column("cluster")[kernels]]
    columns += [
        work.column(name)[kernels][:, None]
        for name in ("registers", "static_shared", "dynamic_shared")
    ]
    rows, which = np.unique(np.concatenate(columns, axis=1), axis=0, return_inverse=True)
    sm = _sm_of(work, model)
    found = np.array([_share(sm, *row) for row in rows.tolist()])
    shares[kernels] = np.abs(found)[which.ravel()]
    return shares, bool((found > 0).all())


def _sm_of(work: Work, model: DeviceModel) -> Sm:
    """The described SMs, as many as the trace names."""
    import dataclasses

    named = [d.sm_count for d in work.trace.meta.devices if d.id == work.device and d.sm_count]
    return dataclasses.replace(model.sm, count=named[0]) if named else model.sm


def _share(sm: Sm, *sizes: int) -> float:
    """Of one kernel; -1 where its sizes are not known."""
    blocks, threads = sizes[0] * sizes[1] * sizes[2], sizes[3] * sizes[4] * sizes[5]
    if blocks < 1 or threads < 1:
        return -1.0
    cluster = max(sizes[6] * sizes[7] * sizes[8], 1)
    registers, static, dynamic = (max(size, 0) for size in sizes[9:12])
    warps = -(-threads // 32)
    footprint = Footprint(
        warps * 32,
        warps * -(-max(registers, 1) * 32 // sm.register_unit) * sm.register_unit,
        static + dynamic + sm.reserved_shared_bytes,
        cluster,
    )
    room = footprint.on_device(sm)
    return min(max(blocks / room, 1 / sm.resident_grids), 1.0) if room else 1.0
