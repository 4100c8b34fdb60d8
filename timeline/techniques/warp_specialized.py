"""``kernels/warp_specialized.cu``: its NumPy twin, its cost and its launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from timeline.program import Buffer, Builder, Kernel, Pipeline, Span, Stream, Work
from timeline.techniques.warp_roles import ROLES, THREADS, add_and_step, compute_ns, floats, flops

__all__ = ["SIDE", "TILE_BYTES", "WARP_SPECIALIZED", "Matrix", "warp_specialized"]

SIDE = 128
TILE_BYTES = 4 * SIDE * SIDE
BANDS = 16
BAND = SIDE * SIDE // BANDS

LOAD_NS = 1_500
"""A tile of A and B into an SM: 128 KB at the 75 GB/s that one SM draws (``h200.toml``), about."""
STORE_NS = 100


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix of float32, row by row.

    Attributes
    ----------
    pitch : int
        Floats from one row to the next.
    """

    rows: int
    columns: int
    pitch: int

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles in x and y."""
        return -(-self.columns // SIDE), -(-self.rows // SIDE)

    @property
    def bytes(self) -> int:
        """Bytes from the first element to the last."""
        return 4 * ((self.rows - 1) * self.pitch + self.columns)


def _emulate(args: Sequence[Any]) -> None:
    *memory, rows, columns, pitch, iters, _ = args
    shape, strides = (int(rows), int(columns)), (4 * int(pitch), 4)
    a, b, c = (np.lib.stride_tricks.as_strided(m, shape, strides) for m in floats(*memory))
    c[:] = add_and_step(a, b, iters)


WARP_SPECIALIZED = Kernel(
    "warp_specialized",
    "warp_specialized.cu",
    "warp_specialized",
    registers=90,
    static_shared_bytes=640,
    emulate=_emulate,
    stamp_roles=ROLES,
    stamp_tiles=BANDS,
    stamp_blocks=4,
)


def warp_specialized(
    b: Builder,
    stream: Stream,
    target: Buffer | Span,
    left: Buffer | Span,
    right: Buffer | Span,
    shape: Matrix,
    *,
    iters: int,
) -> None:
    """Launch ``target = left + right + iters``, one block a tile of 128 x 128.

    Parameters
    ----------
    target, left, right : Buffer or Span
        float32, of the same shape; integers whose sums stay below 2 ** 24.
    """
    roles = (LOAD_NS, compute_ns(BAND, iters), STORE_NS)
    pipeline = Pipeline(ROLES, roles, (BANDS, BANDS), BANDS, in_flight=("loader",))
    b.launch(
        WARP_SPECIALIZED,
        stream,
        grid=shape.grid,
        block=THREADS,
        args=(
            left,
            right,
            target,
            np.uint32(shape.rows),
            np.uint32(shape.columns),
            np.uint64(shape.pitch),
            np.uint32(iters),
            np.float32(1.0),
        ),
        work=Work(
            block_ns=pipeline.ns,
            flops=flops(iters) * SIDE * SIDE,
            dram_bytes=3 * TILE_BYTES,
            pipeline=pipeline,
        ),
        inputs=(left, right),
        outputs=(target,),
        dynamic_shared_bytes=3 * TILE_BYTES,
    )
