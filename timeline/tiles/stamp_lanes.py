"""Lanes of what happened inside kernels: on each SM, the roles that its blocks stamped."""

from __future__ import annotations

import numpy as np

from timeline.tiles.layout import Group, Lane, Row
from timeline.tiles.source import Source

__all__ = ["stamp_groups"]

_SM_LIMIT = 1 << 16


def stamp_groups(source: Source) -> list[Group]:
    """One group a device that has stamps; its one lane unfolds into SMs."""
    device, sm = (source.trace.column("stamps", c).astype(np.int64) for c in ("device", "sm"))
    if not len(device):
        return []
    keep = (device >= 0) & (sm >= 0) & (sm < _SM_LIMIT)
    tracks = source.add("stamps", np.where(keep, device * _SM_LIMIT + sm, 0), keep, "role")
    groups = []
    for one in sorted({key // _SM_LIMIT for key in tracks}):
        parts = [
            Lane(
                f"gpu{one}/inside/{key % _SM_LIMIT}",
                f"SM {key % _SM_LIMIT}",
                "stamps",
                "stamp",
                tuple(Row((number,)) for number in tracks[key]),
            )
            for key in sorted(tracks)
            if key // _SM_LIMIT == one
        ]
        label = f"{len(parts)} SMs"
        lane = Lane(f"gpu{one}/inside", label, "stamps", "stamp", (), tuple(parts))
        groups.append(Group(f"GPU {one} · inside the kernels", (lane,)))
    return groups
