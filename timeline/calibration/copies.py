"""Copies and fills: how long each takes by its size, and beside the other direction."""

from __future__ import annotations

import numpy as np

from timeline.calibration.fits import along_curve, at_sizes
from timeline.calibration.frame import Activities, Frame
from timeline.calibration.observations import Array, Observations
from timeline.intervals import Int64, UnionIndex, union

__all__ = ["observe_copies"]

OPPOSITE = {"HtoD": "D2H", "DtoH": "H2D", "DtoD": "SM", "memset": "SM"}
"""What slows each down."""

BESIDE = 0.3
"""Part of a copy's time with the other direction busy from which it tells of the duplex factor."""

QUANTITIES = {
    "HtoD": "copy.h2d_ns",
    "DtoH": "copy.d2h_ns",
    "DtoD": "copy.d2d_ns",
    "memset": "copy.memset_ns",
    "PtoP": "peer.copy_ns",
}
DUPLEX = {"HtoD": "copy.h2d_duplex", "DtoH": "copy.d2h_duplex"}


def observe_copies(frame: Frame, found: Observations) -> None:
    """Durations of pinned copies, fills, and copies within and between devices."""
    a = frame.activities
    for device in np.unique(a.device):
        for copy, quantity in QUANTITIES.items():
            rows = np.flatnonzero((a.device == device) & (a.copy == copy) & ~a.pageable)
            if len(rows):
                _observe(a, rows, int(device), copy, quantity, found)


def _observe(
    a: Activities, rows: Int64, device: int, copy: str, quantity: str, found: Observations
) -> None:
    """Those of one direction on one device."""
    length = (a.end - a.start)[rows].astype(np.float64)
    sizes = a.bytes[rows].astype(np.float64)
    part = _part_beside(a, rows, device, OPPOSITE.get(copy, ""))
    alone = part == 0
    found.add(quantity, length[alone], sizes[alone])
    curve = at_sizes(sizes[alone], length[alone])
    if copy in DUPLEX and curve:
        beside = (part >= BESIDE) & np.isin(sizes, [size for size, _ in curve])
        found.add(
            DUPLEX[copy],
            _slower(along_curve(curve, sizes[beside]), length[beside], part[beside]),
        )


def _slower(alone: Array, took: Array, part: Array) -> Array:
    """How many times as long a copy takes while the other direction runs.

    ``alone = took * (1 - part + part / factor)``: it went at full pace for the rest of its time.
    Those that were not slowed count as 1.
    """
    slowed = np.maximum(alone / took - 1 + part, 1e-3)
    factor: Array = np.maximum(part / slowed, 1.0)
    return factor


def _part_beside(a: Activities, rows: Int64, device: int, kind: str) -> Array:
    """Part of the time of each during which others of a kind ran on the device."""
    rival = (a.device == device) & (a.kind == kind) & (a.kernel | (kind != "SM"))
    busy = UnionIndex(*union(a.start[rival], a.end[rival]))
    beside = busy.measures(a.start[rows], a.end[rows])
    part: Array = beside / np.maximum(a.end[rows] - a.start[rows], 1)
    return part
