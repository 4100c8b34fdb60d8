"""``kernels/gemm_tiled.cu`` and ``gemm_wgmma.cu``: matrix products, their twin, costs and launches.

``C = f(A Bᵀ)`` with A of m x k, B of n x k and C of m x n elements in bf16, sums in fp32. ``f`` is
the identity, or brings the sum, an integer, into ``[-wrap/2, wrap/2)`` by a multiple of ``wrap``:
then a chain of products stays exact, and each result depends on every element it was made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work, rows_map
from timeline.techniques.bfloat16 import Float32, from_bfloat16, to_bfloat16

__all__ = ["CLUSTER", "TILED", "WARP_SPECIALIZED", "Form", "Size", "multiplied", "product"]

TILE = 128
"""Rows of a block's tile, and, but where a Form says otherwise, its columns."""

CHUNK = 64
"""Terms of the sum in a stage: rows of 128 bytes."""

ITEM = 2
FILL_NS = 880
"""From the first load of A to its first product; this and the others from the stamps of an H100."""

BLOCK_FLOPS_PER_NS = 5_800
"""What a block that has an SM to itself reaches on the tensor cores."""

TILED_FLOPS_PER_NS = 742
"""The same for the portable form, which waits for each tile before it multiplies."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What a block does before and behind its products.

    Attributes
    ----------
    prologue_ns : int
        Barriers, tensor maps, the meeting of the cluster and the first loads of B.
    epilogue_ns : int
        Rounding and storing a tile; in a cluster its blocks meet before.
    """

    prologue_ns: int
    epilogue_ns: int


ENDS = {
    "gemm_tiled": Ends(0, 3_400),
    "gemm_wgmma": Ends(600, 1_700),
    "gemm_cluster": Ends(1_060, 2_350),
}

BARRIERS_BYTES = 16
STAMP_BLOCKS = 16
ALIGNMENT = 1_024


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of C, columns of C, and terms of each sum."""

    m: int
    n: int
    k: int

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.m * self.n * self.k


@dataclass(frozen=True, slots=True)
class Form:
    """How a product is computed; the numbers are macros of ``gemm_wgmma.cu``.

    Attributes
    ----------
    entry : str
        ``gemm_tiled`` (any device), ``gemm_wgmma`` or ``gemm_cluster``.
    tile_n : int
        Columns of a block's tile.
    consumers : int
        Warpgroups that multiply.
    stages : int
        Stages of the ring.
    blocks_per_sm : int
        Blocks for whose registers and shared memory an SM has room.
    """

    entry: str
    tile_n: int = TILE
    consumers: int = 2
    stages: int = 3
    blocks_per_sm: int = 2

    @property
    def cluster(self) -> int:
        """Blocks of a cluster."""
        return 2 if self.entry == "gemm_cluster" else 1

    @property
    def uses_tma(self) -> bool:
        """Whether operands are tensor maps."""
        return self.entry != "gemm_tiled"

    @property
    def threads(self) -> int:
        """Threads of a block: the consumers and one warp that loads, or 256."""
        return 128 * self.consumers + 32 if self.uses_tma else 256

    @property
    def dynamic_shared_bytes(self) -> int:
        """The ring, two barriers a stage, and room to align it."""
        if not self.uses_tma:
            return 0
        stage = (TILE + self.tile_n) * CHUNK * ITEM
        return self.stages * (stage + BARRIERS_BYTES) + ALIGNMENT

    def grid(self, size: Size) -> int:
        """Blocks: a tile each, in whole clusters, which lie in columns of tiles."""
        bands = -(-size.m // (TILE * self.cluster))
        return self.cluster * bands * -(-size.n // self.tile_n)

    def work(self, size: Size, *, early: bool) -> Work:
        """Cost of one block: what it takes alone, and what it needs of shared tensor cores."""
        flops, ends = 2.0 * TILE * self.tile_n * size.k, ENDS[self.entry]
        if not self.uses_tma:
            block_ns = flops / TILED_FLOPS_PER_NS + ends.epilogue_ns
            return Work(block_ns=block_ns, tensor_flops=flops)
        products = ends.prologue_ns + FILL_NS + flops / BLOCK_FLOPS_PER_NS
        return Work(
            block_ns=products + ends.epilogue_ns,
            tensor_flops=flops,
            trigger_ns=0.0 if early else products,
            prologue_ns=ends.prologue_ns,
        )

    def bytes_read(self, size: Size) -> int:
        """Bytes of operands that the blocks ask for; a cluster's blocks for parts of B once."""
        stage = (TILE + self.tile_n // self.cluster) * CHUNK * ITEM
        return self.grid(size) * -(-size.k // CHUNK) * stage

    def kernel(self, name: str = "") -> Kernel:
        """The kernel, under its own name by default."""
        if not self.uses_tma:
            return Kernel(
                name or self.entry,
                "gemm_tiled.cu",
                self.entry,
                registers=128,
                static_shared_bytes=36_864,
                emulate=self._emulate,
                stamp_roles=("mma", "epilogue"),
                stamp_blocks=STAMP_BLOCKS,
                needs=("bfloat16",),
            )
        own = Form(self.entry)
        macros = ("tile_n", "consumers", "stages", "blocks_per_sm")
        return Kernel(
            name or self.entry,
            "gemm_wgmma.cu",
            self.entry,
            registers=90,
            defines=tuple(
                f"{macro.upper()}={getattr(self, macro)}"
                for macro in macros
                if getattr(self, macro) != getattr(own, macro)
            ),
            emulate=self._emulate,
            stamp_roles=("prologue", "wait", "load", "mma", "epilogue"),
            stamp_blocks=STAMP_BLOCKS,
            needs=("tma", "wgmma"),
        )

    def _emulate(self, args: Sequence[Any]) -> None:
        left, right, target, read, m, n, k, wrap, *_ = args
        rows, columns, terms = int(m), int(n), int(k)
        a = from_bfloat16(left.view(np.uint16)[: rows * terms]).reshape(rows, terms)
        b = from_bfloat16(right.view(np.uint16)[: columns * terms]).reshape(columns, terms)
        found = to_bfloat16(multiplied(a, b, int(wrap)))
        target.view(np.uint16)[: rows * columns] = found.reshape(-1)
        read.view(np.uint64)[0] += np.uint64(self.bytes_read(Size(rows, columns, terms)))


TILED = Form("gemm_tiled")
WARP_SPECIALIZED = Form("gemm_wgmma")
CLUSTER = Form("gemm_cluster")


def product(
    b: Builder,
    stream: Stream,
    left: Buffer | Span,
    right: Buffer | Span,
    target: Buffer | Span,
    read: Buffer | Span,
    size: Size,
    form: Form,
    *,
    wrap: int = 0,
    early: bool = False,
    pdl: bool = False,
    name: str = "",
) -> None:
    """Launch ``target = f(left rightᵀ)``; where the device can't, the portable form of it.

    Parameters
    ----------
    read : Buffer or Span
        A uint64 to which the kernel adds the bytes of operands that it asked for.
    wrap : int
        A power of two, or 0 for no ``f``.
    early : bool
        Let dependents be launched from the start and not once the products are done.
    pdl : bool
        Launch it with programmatic stream serialisation.
    """
    numbers: tuple[np.uint32, ...] = (
        np.uint32(size.m),
        np.uint32(size.n),
        np.uint32(size.k),
        np.uint32(wrap),
    )
    operands: tuple[Any, ...] = (left, right)
    if form.uses_tma:
        share = form.tile_n // form.cluster
        operands = (
            rows_map(left, "bfloat16", (size.m, size.k), (TILE, CHUNK), 128),
            rows_map(right, "bfloat16", (size.n, size.k), (share, CHUNK), 128),
        )
        numbers = (*numbers, np.uint32(early))
    b.launch(
        form.kernel(name),
        stream,
        grid=form.grid(size),
        block=form.threads,
        cluster=form.cluster,
        args=(*operands, target, read, *numbers),
        work=form.work(size, early=early),
        inputs=(left, right, read),
        outputs=(target, read),
        dynamic_shared_bytes=form.dynamic_shared_bytes,
        pdl=pdl,
    )
    if form.uses_tma:
        with b.otherwise():
            portable = name.replace(form.entry, TILED.entry)
            product(b, stream, left, right, target, read, size, TILED, wrap=wrap, name=portable)


def multiplied(left: Float32, right: Float32, wrap: int) -> Float32:
    """``f(left rightᵀ)``; exact for integers whose sums stay below 2 ** 24."""
    sums = left @ right.T
    if not wrap:
        return sums
    whole = sums.astype(np.int32)  # in place: this takes longer than the product otherwise
    whole += np.int32(wrap // 2)
    whole &= np.int32(wrap - 1)
    whole -= np.int32(wrap // 2)
    return whole.astype(np.float32)
