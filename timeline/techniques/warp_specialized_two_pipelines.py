"""``kernels/warp_specialized_two_pipelines.cu``: its NumPy twin, its cost and its launch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from timeline.program import Buffer, Builder, Kernel, Pipeline, Span, Stream, Work
from timeline.techniques.warp_roles import ROLES, THREADS, add_and_step, compute_ns, floats, flops

__all__ = ["TILE", "pipelines_kernel", "warp_specialized_two_pipelines"]

TILE = 1024
STAGE_BYTES = 3 * 4 * TILE
TILES_STAMPED = 32

LOAD_NS = 780
"""From the first of a tile's copies being issued to the last one's landing, where few are under
way: 128 tiles with one stage take 251 µs on an H100 (``samples/two_pipelines/one_stage``). The
others are measured like those of :mod:`.warp_roles`."""
HANDOVER_NS = 161
"""A tile's way through the barriers on both sides of the compute warp."""
STORE_NS = 230
"""Of a tile's stores, until all are issued."""

NAMES = {1: "warp_specialized_one_stage", 2: "warp_specialized_two_pipelines"}


def _emulate(args: Sequence[Any]) -> None:
    *memory, count, iters, _ = args
    a, b, c = (m[: int(count)] for m in floats(*memory))
    c[:] = add_and_step(a, b, iters)


@cache
def pipelines_kernel(stages: int, stamp_blocks: int = 2) -> Kernel:
    """The kernel with ``stages`` buffers in each of its two pipelines."""
    return Kernel(
        NAMES.get(stages, f"warp_specialized_{stages}_stages"),
        "warp_specialized_two_pipelines.cu",
        "warp_specialized_two_pipelines",
        registers=72,
        static_shared_bytes=80,
        defines=(f"PIPELINE_STAGES={stages}",),
        emulate=_emulate,
        stamp_roles=ROLES,
        stamp_tiles=TILES_STAMPED,
        stamp_blocks=stamp_blocks,
    )


def warp_specialized_two_pipelines(
    b: Builder,
    stream: Stream,
    target: Buffer | Span,
    left: Buffer | Span,
    right: Buffer | Span,
    *,
    grid: int,
    iters: int,
    stages: int = 2,
) -> None:
    """Launch ``target = left + right + iters`` over tiles of 1,024 floats, in a grid of any size.

    Parameters
    ----------
    target, left, right : Buffer or Span
        float32, of the same length, which need be no multiple of a tile, and aligned to 4 bytes;
        integers whose sums stay below 2 ** 24.
    stages : int
        Buffers of each pipeline.
    """
    out = target.span() if isinstance(target, Buffer) else target
    count = out.bytes // 4
    tiles = -(-count // TILE)
    mine = -(-tiles // grid)
    roles = (LOAD_NS, HANDOVER_NS + compute_ns(TILE, iters), STORE_NS)
    pipeline = Pipeline(ROLES, roles, (stages, stages), mine, in_flight=("loader",))
    b.launch(
        pipelines_kernel(stages),
        stream,
        grid=grid,
        block=THREADS,
        args=(left, right, out, np.uint64(count), np.uint32(iters), np.float32(1.0)),
        work=Work(
            block_ns=pipeline.ns,
            flops=flops(iters) * TILE * tiles / grid,
            dram_bytes=12.0 * count / grid,
            pipeline=pipeline,
        ),
        inputs=(left, right),
        outputs=(out,),
        dynamic_shared_bytes=stages * STAGE_BYTES,
    )
