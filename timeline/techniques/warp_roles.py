"""``kernels/warp_roles.cuh``: what the roles of a warp-specialised block do, and what it costs.

The costs of a single warp are measured: ``python -m benchmarks.pipelines`` on an H100, whose SMs
are those of an H200.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ROLES", "THREADS", "add_and_step", "compute_ns", "floats", "flops"]

ROLES = ("loader", "compute", "storer")
THREADS = 96

WARP_FLOPS_PER_NS = 107
"""Of an SM's arithmetic a quarter is 120: a warp keeps one of four schedulers busy, nearly."""
FLOAT_NS = 0.153
"""Of an element without arithmetic: to read and write it in shared memory."""
LOOP_NS = 0.225
"""An element's part of entering and leaving the loop over its FMAs."""

Float32 = npt.NDArray[np.float32]


def compute_ns(floats: int, iters: int) -> float:
    """What the compute warp takes for ``floats`` elements."""
    loop = LOOP_NS + 2 * iters / WARP_FLOPS_PER_NS if iters else 0.0
    return floats * (FLOAT_NS + loop)


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
