"""Tracks on which a kernel's own stamps lie, as FlashInfer's profiler names them.

It makes a process for each SM (``SM_007``) with a track for each group of warps of a block
(``blk12_g1``); until 2025 a process for each block (``block_12``) with a track for each group
(``group_1``). Times are the lower 32 bits of ``%globaltimer``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from timeline.formats.in_kernel import Scopes
from timeline.formats.perfetto.events import Track
from timeline.formats.perfetto.slices import Slices

__all__ = ["Lane", "lane_of", "scopes_of"]

Int64 = npt.NDArray[np.int64]

_FORMS = (
    (re.compile(r"SM_(?P<sm>\d{1,6})"), re.compile(r"blk(?P<block>\d{1,9})_g(?P<group>\d{1,6})")),
    (re.compile(r"block_(?P<block>\d{1,9})"), re.compile(r"group_(?P<group>\d{1,6})")),
)
_NAMELESS = "[unnamed scope]"
_KERNEL = "[stamped kernel]"


class Lane(NamedTuple):
    """Where the stamps of a track were written; -1 for what it doesn't say."""

    block: int
    group: int
    sm: int


def lane_of(tracks: Mapping[int, Track], uuid: int) -> Lane | None:
    """The lane that a track is; None for any other track."""
    track = tracks.get(uuid)
    above = tracks.get(track.parent) if track is not None and track.parent is not None else None
    if track is None or above is None:
        return None
    for upper, lower in _FORMS:
        outer, inner = upper.fullmatch(above.name or ""), lower.fullmatch(track.name or "")
        if outer is not None and inner is not None:
            said = outer.groupdict() | inner.groupdict()
            return Lane(int(said["block"]), int(said["group"]), int(said.get("sm", -1)))
    return None


def scopes_of(
    lanes: Sequence[Lane | None], places: Int64, rows: Slices, names: Int64, texts: Sequence[str]
) -> Scopes:
    """Slices of lanes as scopes of a kernel, whose name no such file tells.

    Parameters
    ----------
    places : numpy.ndarray of int64
        Lane of each of ``rows``.
    names : numpy.ndarray of int64
        Code of the name of each event of the file; -1 for none.
    """
    where = np.array([lane or (-1, -1, -1) for lane in lanes], np.int64)[places]
    scope = names[rows.event]
    scope = np.where(scope < 0, len(texts), scope)
    return Scopes(
        kernel=np.zeros(len(scope), np.int64),
        scope=scope,
        block=where[:, 0],
        sm=where[:, 2],
        lane=where[:, 1],
        start=rows.start,
        end=rows.end,
        kernels=[_KERNEL],
        names=[*texts, _NAMELESS],
        lane_word="group",
    )
