"""``kernels/warp_specialized.cu``: its NumPy twin, its cost and its launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from timeline.errors import UsageError
from timeline.program import Buffer, Builder, Kernel, Pipeline, Span, Stream, Work
from timeline.techniques.warp_roles import ROLES, THREADS, add_and_step, compute_ns, floats, flops

__all__ = ["SIDE", "Matrix", "tiles_kernel", "warp_specialized"]

SIDE = 128
"""Of the chapter's tile."""
UNIT = 32
"""Sides are multiples of it."""
BAND_ROWS = 8

LOAD_NS_A_BYTE = 0.162
"""Of the loader warp, which issues the copies of a block's bands one after the other, measured."""
STORE_NS_A_BYTE = 0.285
"""Of the storer warp until all stores of a band are issued, measured."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix of float32, row by row.

    Attributes
    ----------
    pitch : int
        Floats from one row to the next.
    side : int
        Rows and columns of a tile.
    """

    rows: int
    columns: int
    pitch: int
    side: int = SIDE

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles in x and y."""
        return -(-self.columns // self.side), -(-self.rows // self.side)

    @property
    def tile_bytes(self) -> int:
        """Bytes of a tile."""
        return 4 * self.side**2

    @property
    def bytes(self) -> int:
        """Bytes from the first element to the last."""
        return 4 * ((self.rows - 1) * self.pitch + self.columns)


def _emulate(args: Sequence[Any]) -> None:
    *memory, rows, columns, pitch, iters, _ = args
    shape, strides = (int(rows), int(columns)), (4 * int(pitch), 4)
    a, b, c = (np.lib.stride_tricks.as_strided(m, shape, strides) for m in floats(*memory))
    c[:] = add_and_step(a, b, iters)


@cache
def tiles_kernel(side: int = SIDE) -> Kernel:
    """The kernel for tiles of ``side`` x ``side`` floats.

    Raises
    ------
    UsageError
        For a side that the roles can't share.
    """
    if side % UNIT or not UNIT <= side <= SIDE:
        raise UsageError(f"a tile of {side} x {side}: its side is 32, 64, 96 or 128")
    bands = side // BAND_ROWS
    return Kernel(
        "warp_specialized" if side == SIDE else f"warp_specialized_{side}",
        "warp_specialized.cu",
        "warp_specialized",
        registers=90,
        static_shared_bytes=40 * bands,
        defines=() if side == SIDE else (f"TILE_SIDE={side}",),
        emulate=_emulate,
        stamp_roles=ROLES,
        stamp_tiles=bands,
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
    """Launch ``target = left + right + iters``, one block a tile.

    Parameters
    ----------
    target, left, right : Buffer or Span
        float32, of the same shape; integers whose sums stay below 2 ** 24.
    """
    bands, tile = shape.side // BAND_ROWS, shape.side**2
    band = shape.tile_bytes // bands
    roles = (
        2 * band * LOAD_NS_A_BYTE,
        compute_ns(tile // bands, iters),
        band * STORE_NS_A_BYTE,
    )
    pipeline = Pipeline(ROLES, roles, (bands, bands), bands)
    b.launch(
        tiles_kernel(shape.side),
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
            flops=flops(iters) * tile,
            dram_bytes=3 * shape.tile_bytes,
            pipeline=pipeline,
        ),
        inputs=(left, right),
        outputs=(target,),
        dynamic_shared_bytes=3 * shape.tile_bytes,
    )
