"""``kernels/cluster_dsmem.cu``, ``cluster_shares.cu``: tiles whose column sums all blocks need.

For each tile ``a`` of a batch, and tiles ``b[r]`` that are the same for all of them,
``c = Σ_r a * colsum(b[r]) + b[r] * colsum(a)``: 128 x 128 float32 each. The blocks that share a
tile have a band of its rows each, and all of them need every element of ``a`` and of ``b``, or what
others summed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work, rows_map

__all__ = [
    "CLUSTERS",
    "TILE",
    "TILE_BYTES",
    "Float32",
    "Way",
    "bytes_read",
    "combined",
    "launch",
]

TILE = 128
TILE_BYTES = TILE * TILE * 4
PANEL = 32
SUM_BYTES = TILE * 4

CLUSTERS = (2, 4, 8, 16)
"""Blocks that share a tile; more than 8 are not portable."""

SM_FLOPS_PER_NS = 472.4
"""Of an SM of an H100, as it was fitted (``h100.toml``)."""

Way = Literal["blocks", "portable", "leader", "shares"]
"""How operands come to the blocks that share a tile: each loads all of them through TMA, or by
ordinary loads; in a cluster, one loads them, and all read its shared memory; each loads a share."""


@dataclass(frozen=True, slots=True)
class Form:
    """The kernel of a way.

    Attributes
    ----------
    threads : int
        Of a block.
    alone_ns, beside_ns : float
        What an operand tile of 64 KiB takes a block in a group of four that has its SM alone, and
        beside another one, on an H100 (``benchmarks/results/cluster_h100.json``: 120 tiles and 48
        rounds in 120 and in 240 blocks).
    box : int or None
        Rows that a tensor map's box has; 0 for a band; None without tensor maps.
    """

    entry: str
    source: str
    threads: int
    registers: int
    alone_ns: float
    beside_ns: float
    roles: tuple[str, ...] = ("load", "compute")
    needs: tuple[str, ...] = ("cluster", "tma")
    box: int | None = 0
    swizzle: int = 128


FORMS: dict[Way, Form] = {
    "portable": Form(
        "tile_per_block", "cluster_dsmem.cu", 256, 64, 2_000, 2_660, ("compute",), (), box=None
    ),
    "blocks": Form(
        "tile_per_block_tma", "cluster_shares.cu", 288, 56, 1_178, 1_594, needs=("tma",)
    ),
    "leader": Form(
        "tile_per_cluster", "cluster_dsmem.cu", 288, 56, 8_880, 10_240, box=TILE, swizzle=0
    ),
    "shares": Form("tile_by_shares", "cluster_shares.cu", 320, 96, 777, 1_146),
}

Float32 = npt.NDArray[np.float32]


def _kernel(way: Way, cluster: int) -> Kernel:
    form = FORMS[way]
    return Kernel(
        form.entry,
        form.source,
        form.entry,
        registers=form.registers,
        static_shared_bytes=2_048 if way == "portable" else 0,
        defines=() if cluster == 4 else (f"CLUSTER={cluster}",),
        emulate=_emulate(way, cluster),
        stamp_roles=form.roles,
        stamp_tiles=4,
        stamp_blocks=16,
        needs=form.needs,
    )


def _shared_bytes(way: Way, cluster: int) -> int:
    """Dynamic shared memory of a block: the kernel's ``Shared``, ``Panels`` or ``Shares``."""
    panel_row = PANEL * 4
    if way == "portable":
        return 0
    if way == "leader":
        stages, barriers = 3, 8 * (3 * 3 + 2)
        return stages * TILE * panel_row + (2 * cluster + 8) * panel_row + barriers + 8
    stages, slots = 4, 4
    if way == "blocks":
        size = stages * TILE * panel_row + 8 * 2 * stages
    else:
        size = stages * TILE_BYTES // cluster + slots * SUM_BYTES * cluster
        size += 8 * (2 * stages + 2 * slots)
    return -(-size // 1024) * 1024


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
    way: Way,
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
    way : str
        How the operands come to them.
    """
    form = FORMS[way]
    how: dict[str, Any] = {"tiles": tiles, "rounds": rounds, "grid": grid, "cluster": cluster}
    operands: tuple[Any, ...] = (batch, weights)
    if form.box is not None:
        box = (form.box or TILE // cluster, PANEL)
        operands = (
            rows_map(batch, "float32", (tiles * TILE, TILE), box, form.swizzle),
            rows_map(weights, "float32", (rounds * TILE, TILE), box, form.swizzle),
        )
    b.launch(
        _kernel(way, cluster),
        stream,
        grid=grid,
        block=form.threads,
        cluster=cluster if "cluster" in form.needs else 1,
        args=(*operands, target, read, np.uint32(tiles), np.uint32(rounds)),
        work=_work(way, tiles, rounds, grid, cluster),
        inputs=(batch, weights, read),
        outputs=(target, read),
        dynamic_shared_bytes=_shared_bytes(way, cluster),
        cooperative=cooperative,
    )
    if form.needs:
        with b.otherwise():
            launch(b, stream, batch, weights, target, read, **how, way="portable")


def _work(way: Way, tiles: int, rounds: int, grid: int, cluster: int) -> Work:
    """One block's operands, one after the other; what blocks read at once comes from L2 once.

    Two blocks of an SM wait for its schedulers: half of what they take then is the SM's own time,
    and stands for it as arithmetic.
    """
    operands = (rounds + 1) * -(-tiles * cluster // grid)
    form = FORMS[way]
    return Work(
        block_ns=operands * form.alone_ns,
        flops=operands * form.beside_ns / 2 * SM_FLOPS_PER_NS,
        l2_bytes=bytes_read(tiles, rounds, cluster, "shares") / grid,
    )


def bytes_read(tiles: int, rounds: int, cluster: int, way: Way) -> int:
    """Bytes of operands that a launch loads: of each tile once, or once a block."""
    each = cluster if way in ("blocks", "portable") else 1
    return tiles * (rounds + 1) * TILE_BYTES * each


def combined(batch: Float32, weights: Float32) -> Float32:
    """The known answer, for tiles of shape (n, 128, 128); exact for small integers."""
    sums, total = weights.sum((0, 1)), weights.sum(0)
    found: Float32 = batch * sums + total * batch.sum(1, keepdims=True)
    return found


def _emulate(way: Way, cluster: int) -> Callable[[Sequence[Any]], None]:
    """The twin of the kernel."""

    def emulate(args: Sequence[Any]) -> None:
        batch, weights, target, read, tiles, rounds = args
        n, r = int(tiles), int(rounds)
        a, w = (
            memory.view(np.float32)[: count * TILE * TILE].reshape(count, TILE, TILE)
            for memory, count in ((batch, n), (weights, r))
        )
        target.view(np.float32)[: n * TILE * TILE] = combined(a, w).reshape(-1)
        read.view(np.uint64)[0] += np.uint64(bytes_read(n, r, cluster, way))

    return emulate
