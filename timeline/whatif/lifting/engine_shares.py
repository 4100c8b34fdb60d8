"""Which engine each activity takes, and which part of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.work import Work
from timeline.backends.sim.device_model import DeviceModel, Sm
from timeline.backends.sim.occupancy import Footprint
from timeline.engines import D2H, ENGINES, H2D, P2P, SM
from timeline.intervals import Int64
from timeline.whatif.lifting.alike import numbered

__all__ = ["Shares", "engine_groups", "engine_shares"]

Float64 = npt.NDArray[np.float64]

_TAKEN = (SM, H2D, D2H, P2P)
_SIZES = ("grid", "block", "cluster", "registers", "static_shared", "dynamic_shared")


def engine_groups(work: Work) -> Int64:
    """Number of the engine that each activity takes, -1 for one that others don't wait for.

    It is that in ``ENGINES``, more by ``len(ENGINES)`` for each device before. A device with one
    copy engine has one for both directions.
    """
    found = np.full(len(work.rows), -1, np.int64)
    for number, (part, places) in enumerate(zip(work.parts, work.places, strict=True)):
        groups = _groups(part)
        found[places] = np.where(groups >= 0, groups + number * len(ENGINES), -1)
    return found


def _groups(work: Work) -> Int64:
    groups = np.where(
        np.isin(work.engine_codes, [ENGINES.index(name) for name in _TAKEN]),
        work.engine_codes.astype(np.int64),
        -1,
    )
    one = [d.copy_engines for d in work.trace.meta.devices if d.id == work.device]
    if one == [1]:
        groups[groups == ENGINES.index(D2H)] = ENGINES.index(H2D)
    return groups


@dataclass(frozen=True, eq=False, slots=True)
class Shares:
    """What each activity takes of its engine; columns of shape (n,).

    Attributes
    ----------
    room : numpy.ndarray of float64
        Copies take all of theirs. A kernel takes what its blocks are of those that fit on the
        device at once, and never less than one of the grids that can be resident.
    touched : numpy.ndarray of float64
        Of a kernel the part of the SMs that has at least one of its blocks.
    known : bool
        Whether the grid of every kernel is known; others are taken to fill the device.
    """

    room: Float64
    touched: Float64
    known: bool


def engine_shares(work: Work, model: DeviceModel) -> Shares:
    """Read them from grids, blocks, registers and shared memory."""
    room, touched, known = np.ones(len(work.rows)), np.ones(len(work.rows)), True
    for part, places in zip(work.parts, work.places, strict=True):
        found = _shares(part, model)
        room[places], touched[places] = found.room, found.touched
        known = known and found.known
    return Shares(room, touched, known)


def _shares(work: Work, model: DeviceModel) -> Shares:
    room = np.ones(len(work.rows))
    kernels = np.flatnonzero(work.engine_codes == ENGINES.index(SM))
    if not len(kernels):
        return Shares(room, room, True)
    sizes = np.concatenate([_lanes(work, name)[kernels] for name in _SIZES], axis=1)
    which = numbered(len(kernels), sizes.T)
    first = np.unique(which, return_index=True)[1]
    rows = sizes[first]
    sm = _sm_of(work, model)
    found = np.array([_share(sm, *row) for row in rows.tolist()])
    touched = room.copy()
    room[kernels] = np.abs(found)[which]
    blocks = np.where(found > 0, rows[:, :3].prod(axis=1), sm.count)
    touched[kernels] = np.minimum(blocks / sm.count, 1.0)[which]
    return Shares(room, np.maximum(room, touched), bool((found > 0).all()))


def _lanes(work: Work, name: str) -> npt.NDArray[np.int64]:
    """A column as one of lanes, as grids are."""
    found = work.column(name).astype(np.int64)
    return found if found.ndim == 2 else found[:, None]


def _sm_of(work: Work, model: DeviceModel) -> Sm:
    """The described SMs, as many as the trace names."""
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
