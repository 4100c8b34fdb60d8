"""``kernels/layer.cu``: its NumPy twin, its cost, its launch and its known answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Kernel, Stream, Work

__all__ = ["ELEMENTS", "LAYER", "THREADS", "forward", "layer", "rounds_of"]

THREADS = 256
ELEMENTS = 2
"""A thread."""

FLOPS_A_ROUND = 4.0
"""What one integer multiply-add costs, in FP32 operations: an SM does 64 of them a cycle, and 128
fused multiply-adds (CUDA C++ Programming Guide, throughput of arithmetic instructions, 9.0)."""

SM_FLOPS_PER_NS = 483.0
"""Of an H200 (``h200.toml``)."""

Uint32 = npt.NDArray[np.uint32]


def rounds_of(ns: int) -> int:
    """Rounds that keep a block that has its SM for itself busy for about ``ns``."""
    return round(ns * SM_FLOPS_PER_NS / (THREADS * ELEMENTS * FLOPS_A_ROUND))


def forward(values: Uint32, weights: Uint32, rounds: int) -> Uint32:
    """What a layer makes of ``values``, in about log2(rounds) steps.

    A round is the affine map ``v -> w v + x``; ``rounds`` of them are its power, by squaring.
    """
    count = len(values)
    other = np.roll(values, -((count // 2 + 1) % count))
    scale, shift = np.ones_like(values), np.zeros_like(values)
    step_scale, step_shift = weights.copy(), other
    left = rounds
    while left:
        if left & 1:
            scale, shift = scale * step_scale, shift * step_scale + step_shift
        step_scale, step_shift = step_scale * step_scale, step_shift * step_scale + step_shift
        left >>= 1
    return values * scale + shift


def _emulate(args: Sequence[Any]) -> None:
    source, weights, target, count, rounds = args
    n = int(count)
    values = forward(source.view(np.uint32)[:n], weights.view(np.uint32)[:n], int(rounds))
    target.view(np.uint32)[:n] = values


LAYER = Kernel(
    "layer_forward",
    "layer.cu",
    "layer",
    registers=30,
    emulate=_emulate,
    stamp_roles=("body",),
    stamp_blocks=4,
)


def layer(
    b: Builder, stream: Stream, target: Buffer, source: Buffer, weights: Buffer, rounds: int
) -> None:
    """Launch ``rounds`` rounds of a layer.

    Parameters
    ----------
    target, source, weights : Buffer
        uint32, of the same length.
    """
    count = target.bytes // 4
    blocks = -(-count // (THREADS * ELEMENTS))
    b.launch(
        LAYER,
        stream,
        grid=blocks,
        block=THREADS,
        args=(source, weights, target, np.uint64(count), np.uint32(rounds)),
        work=Work(
            flops=FLOPS_A_ROUND * rounds * count / blocks, dram_bytes=4.0 * target.bytes / blocks
        ),
        inputs=(source, weights),
        outputs=(target,),
    )
