"""``kernels/cluster_dsmem.cu``: tiles of whose column sums every block needs all, and their twin.

For each tile ``a`` of a batch, and tiles ``b[r]`` that are the same for all of them,
``c = Σ_r a * colsum(b[r]) + b[r] * colsum(a)``: 128 x 128 float32 each. The blocks that share a
tile have a band of its rows each, and all of them need every element of ``a`` and of ``b``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work, rows_map

__all__ = ["CLUSTERS", "TILE", "TILE_BYTES", "Float32", "bytes_read", "combined", "launch"]

TILE = 128
TILE_BYTES = TILE * TILE * 4
PANEL = 32
PANELS = TILE // PANEL
STAGES = 3
PANEL_NS = 400
"""A panel in a cluster: word of it, its rows through DSMEM, sums to and fro: what it should take.
An H100 took 1,385 in a cluster of four, and 510 in a block that loads it itself
(``benchmarks/results/cluster_h100.json``): there the cluster lost."""

ALONE_PANEL_NS = 350
"""A panel that a block loads itself, when nothing contends for the L2 cache: an estimate."""

CLUSTERS = (2, 4, 8, 16)
"""Blocks that share a tile; more than 8 are not portable."""

Float32 = npt.NDArray[np.float32]


def _kernel(entry: str, cluster: int, registers: int, roles: tuple[str, ...]) -> Kernel:
    return Kernel(
        entry,
        "cluster_dsmem.cu",
        entry,
        registers=registers,
        static_shared_bytes=0 if entry == "tile_per_cluster" else 2_048,
        defines=() if cluster == 4 else (f"CLUSTER={cluster}",),
        emulate=_together if entry == "tile_per_cluster" else _apart(cluster),
        stamp_roles=roles,
        stamp_tiles=4,
        stamp_blocks=16,
        needs=("cluster", "tma") if entry == "tile_per_cluster" else (),
    )


def shared_bytes(cluster: int) -> int:
    """``struct Shared``: the stages, sums of the blocks and of eight warps, barriers."""
    panel_row = PANEL * 4
    barriers = 8 * (3 * STAGES + 2)
    return STAGES * TILE * panel_row + (2 * cluster + 8) * panel_row + barriers + 8


def launch(
    b: Builder,
    stream: Stream,
    batch: Buffer | Span,
    weights: Buffer | Span,
    target: Buffer | Span,
    read: Buffer | Span,
    *,
    tiles: int,
    rounds: int,
    grid: int,
    cluster: int,
    together: bool,
    cooperative: bool = False,
) -> None:
    """Launch ``target = Σ_r batch * colsum(weights[r]) + weights[r] * colsum(batch)``.

    Parameters
    ----------
    read : Buffer or Span
        A uint64 to which the kernel adds the bytes that it loaded of batch and weights.
    grid : int
        Blocks, a multiple of ``cluster``; they take tile after tile.
    cluster : int
        Blocks that share a tile.
    together : bool
        Whether they are a cluster of which one block loads.
    """
    operands: tuple[Any, ...] = (batch, weights)
    if together:
        operands = (
            rows_map(batch, "float32", (tiles * TILE, TILE), (TILE, PANEL)),
            rows_map(weights, "float32", (rounds * TILE, TILE), (TILE, PANEL)),
        )
        kernel = _kernel("tile_per_cluster", cluster, 56, ("load", "compute"))
    else:
        kernel = _kernel("tile_per_block", cluster, 64, ("compute",))
    b.launch(
        kernel,
        stream,
        grid=grid,
        block=288 if together else 256,
        cluster=cluster if together else 1,
        args=(*operands, target, read, np.uint32(tiles), np.uint32(rounds)),
        work=_work(tiles, rounds, grid, cluster, together=together),
        inputs=(batch, weights, read),
        outputs=(target, read),
        dynamic_shared_bytes=shared_bytes(cluster) if together else 0,
        cooperative=cooperative,
    )
    if together:
        with b.otherwise():
            launch(
                b,
                stream,
                batch,
                weights,
                target,
                read,
                tiles=tiles,
                rounds=rounds,
                grid=grid,
                cluster=cluster,
                together=False,
            )


def _work(tiles: int, rounds: int, grid: int, cluster: int, *, together: bool) -> Work:
    """Cost of one block: its panels one after the other, and what it reads out of the L2 cache."""
    panels = PANELS * (rounds + 1) * -(-tiles * cluster // grid)
    loaded = bytes_read(tiles, rounds, cluster, together=together) / grid
    return Work(block_ns=panels * (PANEL_NS if together else ALONE_PANEL_NS), l2_bytes=loaded)


def bytes_read(tiles: int, rounds: int, cluster: int, *, together: bool) -> int:
    """Bytes of operands that a launch loads: of each tile once, or once a block."""
    return tiles * (rounds + 1) * TILE_BYTES * (1 if together else cluster)


def combined(batch: Float32, weights: Float32) -> Float32:
    """The known answer, for tiles of shape (n, 128, 128); exact for small integers."""
    sums, total = weights.sum((0, 1)), weights.sum(0)
    found: Float32 = batch * sums + total * batch.sum(1, keepdims=True)
    return found


def _compute(args: Sequence[Any]) -> tuple[int, int]:
    batch, weights, target, _, tiles, rounds = args
    n, r = int(tiles), int(rounds)
    a, w = (
        memory.view(np.float32)[: count * TILE * TILE].reshape(count, TILE, TILE)
        for memory, count in ((batch, n), (weights, r))
    )
    target.view(np.float32)[: n * TILE * TILE] = combined(a, w).reshape(-1)
    return n, r


def _together(args: Sequence[Any]) -> None:
    tiles, rounds = _compute(args)
    args[3].view(np.uint64)[0] += np.uint64(bytes_read(tiles, rounds, 1, together=True))


def _apart(cluster: int) -> Any:
    def emulate(args: Sequence[Any]) -> None:
        tiles, rounds = _compute(args)
        loaded = bytes_read(tiles, rounds, cluster, together=False)
        args[3].view(np.uint64)[0] += np.uint64(loaded)

    return emulate
