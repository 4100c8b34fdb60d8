"""Traces that a kernel wrote of itself: scopes of warps or groups of warps, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.engines import engine_of
from timeline.formats.nesting import numbered
from timeline.trace import table

__all__ = ["NOTE", "Scopes"]

Int64 = npt.NDArray[np.int64]

NOTE = (
    "Each kernel spans from its first stamp to its last one, as the file tells neither what it did "
    "before and after, nor its launches apart."
)


@dataclass(frozen=True, slots=True, eq=False)
class Scopes:
    """Spans inside kernels, shape (n,) each.

    Attributes
    ----------
    kernel, scope : numpy.ndarray of int64
        Places in :attr:`kernels` and :attr:`names`.
    block, sm, lane : numpy.ndarray of int64
        Where it ran; -1 if not known.
    start, end : numpy.ndarray of int64
        Ns.
    lane_word : str
        What a lane is, such as ``"warp"``.
    """

    kernel: Int64
    scope: Int64
    block: Int64
    sm: Int64
    lane: Int64
    start: Int64
    end: Int64
    kernels: Sequence[str]
    names: Sequence[str]
    lane_word: str

    def tables(self, first_ns: int) -> dict[str, pa.Table]:
        """``stamps``, and ``activities`` with one row for each kernel that wrote some.

        A role is a scope; where the file has several lanes, a scope of one of them. Times are
        relative to ``first_ns``.
        """
        roles, labels = self._roles()
        used, numbers = np.unique(self.kernel, return_inverse=True)
        count = len(used)
        start, end = self.start - first_ns, self.end - first_ns
        order = np.argsort(numbers, kind="stable")
        first = np.searchsorted(numbers[order], np.arange(count))
        stamps = {
            "correlation": numbers + 1,
            "device": np.zeros(len(numbers), np.int32),
            "block": _known(self.block),
            "sm": _known(self.sm),
            "role": (roles, labels),
            "start": start,
            "end": end,
        }
        work: dict[str, Any] = {
            "kind": (np.zeros(count, np.int32), ["kernel"]),
            "engine": (np.zeros(count, np.int32), [engine_of("kernel")]),
            "name": (np.arange(count), [self.kernels[code] for code in used.tolist()]),
            "start": np.minimum.reduceat(start[order], first) if count else start,
            "end": np.maximum.reduceat(end[order], first) if count else end,
            "device": np.zeros(count, np.int32),
            "correlation": np.arange(1, count + 1),
        }
        return {
            "activities": table("activities", work, count),
            "stamps": table("stamps", stamps, len(numbers)),
        }

    def _roles(self) -> tuple[Int64, list[str]]:
        if len(np.unique(self.lane)) < 2:
            places, keys = numbered(self.scope)
            return places, [self.names[scope] for (scope,) in keys]
        places, keys = numbered(self.scope, self.lane)
        return places, [f"{self.names[scope]} ({self.lane_word} {lane})" for scope, lane in keys]


def _known(values: Int64) -> Any:
    missing = values < 0
    return np.ma.masked_array(values, missing) if missing.any() else values
