"""``kernels/warp_roles.cuh``: what the roles of a warp-specialised block do, and what it costs.

The costs of a single warp follow from the rates of an H200: an SM does 483 FP32 operations a ns
(``h200.toml``), and a warp keeps one of its four schedulers busy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ROLES", "THREADS", "add_and_step", "compute_ns", "floats", "flops"]

ROLES = ("loader", "compute", "storer")
THREADS = 96

WARP_FLOPS_PER_NS = 483 / 4
HANDOVER_NS = 100
"""A warp's way through two barriers in shared memory and its first load from there: an estimate."""

Float32 = npt.NDArray[np.float32]


def compute_ns(floats: int, iters: int) -> float:
    """What the compute warp takes for ``floats`` elements."""
    return HANDOVER_NS + floats * flops(iters) / WARP_FLOPS_PER_NS


def flops(iters: int) -> float:
    """FP32 operations an element: one addition, ``iters`` fused multiply-adds."""
    return 1 + 2 * iters


def add_and_step(a: Float32, b: Float32, iters: Any) -> Float32:
    """``a + b + iters``, which the kernels reach one step at a time."""
    total: Float32 = a + b + np.float32(iters)
    return total


def floats(*arrays: Any) -> Sequence[Float32]:
    """Device memory as float32."""
    return [array.view(np.float32) for array in arrays]
