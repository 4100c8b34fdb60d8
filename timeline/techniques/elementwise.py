"""``kernels/elementwise.cu``: its NumPy twin, its cost and its launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work

__all__ = [
    "BLOCK_ELEMENTS",
    "ELEMENTWISE",
    "MAX_EXACT",
    "elementwise",
    "elementwise_kernel",
]

MAX_EXACT = 1 << 24
"""Integers below it are exact in float32."""

FMA_CYCLES = 4
"""From an FMA to one that needs its result."""
CLOCK_GHZ = 1.885
"""Of an H100 in such a kernel: two warps of a scheduler, with four chains of 252,000 FMAs each,
took 1.0696 ms, one FMA a cycle."""

_BLOCK = 256
_ELEMENTS_A_THREAD = 4

BLOCK_ELEMENTS = _BLOCK * _ELEMENTS_A_THREAD
"""Elements of one block."""


def _emulate_elementwise(args: Sequence[Any]) -> None:
    source, target, count, iters, _, shift = args
    values = source.view(np.float32)[: int(count)]
    np.add(values, np.float32(iters) * shift, out=target.view(np.float32)[: int(count)])


@cache
def elementwise_kernel(name: str, chains: int = 4) -> Kernel:
    """``elementwise`` under a name of its own, so that a timeline tells its launches apart.

    Parameters
    ----------
    chains : {4, 1}
        Chains of FMAs that a thread has under way. With 4, two warps of a scheduler never wait;
        with 1, they issue every other cycle, and leave the rest to other kernels.
    """
    return Kernel(
        name,
        "elementwise.cu",
        "elementwise",
        registers=17,
        defines=() if chains == 4 else (f"CHAINS={chains}",),
        emulate=_emulate_elementwise,
    )


ELEMENTWISE = elementwise_kernel("elementwise")


def elementwise(
    b: Builder,
    stream: Stream,
    target: Buffer | Span,
    source: Buffer | Span,
    iters: int,
    *,
    kernel: Kernel = ELEMENTWISE,
) -> None:
    """Launch ``target = source + iters``, with ``iters`` dependent FMAs an element.

    Parameters
    ----------
    target, source : Buffer or Span
        float32, of equal length; integers that stay below :data:`MAX_EXACT`, so that nothing
        is rounded.
    kernel : Kernel
        One of :func:`elementwise_kernel`.
    """
    out = target.span() if isinstance(target, Buffer) else target
    count = out.bytes // 4
    blocks = -(-count // BLOCK_ELEMENTS)
    work = Work(flops=2.0 * iters * count / blocks, dram_bytes=8.0 * count / blocks)
    if kernel.defines:  # of one chain: no other work shortens or stretches its waits
        cycles = FMA_CYCLES * _ELEMENTS_A_THREAD * iters
        work = replace(work, block_ns=cycles / CLOCK_GHZ, flops=0.0)
    b.launch(
        kernel,
        stream,
        grid=blocks,
        block=_BLOCK,
        args=(
            source,
            out,
            np.uint64(count),
            np.uint32(iters),
            np.float32(1.0),
            np.float32(1.0),
        ),
        work=work,
        inputs=(source,),
        outputs=(out,),
    )
