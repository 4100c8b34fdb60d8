"""Pairs of dependent matrix products: tiled, warp-specialised, in clusters, and with PDL.

Each pair is ``C = f(X Wᵀ)``, ``X = f(C Dᵀ)`` in bf16. The second product's weights ``D`` need
nothing of the first: launched with programmatic dependent launch, its blocks set up their barriers,
fetch their tensor maps and load their first tiles of ``D`` while the first product's epilogues run,
and wait only before they load ``C``. The first triggers as in the chapter: all blocks of the
cluster meet, trigger, and store.

``f`` brings each sum into [-4, 4) by a multiple of 8, so every result is exact, and depends on
every element it was made of: the chain is ``X (Wᵀ Dᵀ) ** pairs`` modulo 8.

The defaults give each product 128 tiles of 128 x 128, less than an H200 has SMs, and each block
less than half of an SM's shared memory and registers: a secondary's blocks fit beside their
primary's. A product has 4.3 GFLOP, so 4 pairs take 34 GFLOP / 500 TFLOP/s = 70 µs and what 8
launches add: of each, the launch gap and the prologue are as much as a third.

The bytes that the blocks ask for are counted, and are a known answer of each repeat: a block of a
cluster asks for half of the rows of W or D that it needs, and gets the others from its neighbour's
request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from timeline.program import Param, Program
from timeline.techniques.bfloat16 import Float32, Uint16, to_bfloat16
from timeline.techniques.gemm import (
    CLUSTER,
    TILED,
    WARP_SPECIALIZED,
    Form,
    Size,
    multiplied,
    product,
)
from timeline.techniques.scaffold import bring_home, program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

WRAP = 8

FORMS: Mapping[str, Form] = {
    "tiled": TILED,
    "warp_specialized": WARP_SPECIALIZED,
    "cluster": CLUSTER,
    "pdl": CLUSTER,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """X is m x k, W is n x k, C is m x n, D is k x n."""

    m: int
    n: int
    k: int

    @property
    def first(self) -> Size:
        """Of ``C = f(X Wᵀ)``."""
        return Size(self.m, self.n, self.k)

    @property
    def second(self) -> Size:
        """Of ``X = f(C Dᵀ)``."""
        return Size(self.m, self.k, self.n)


def operand(rows: int, columns: int, seed: int) -> Float32:
    """Integers in [-4, 4), the same at every call."""
    drawn = np.random.default_rng(seed).integers(-WRAP // 2, WRAP // 2, (rows, columns), np.int8)
    return drawn.astype(np.float32)


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Pairs in one stream, each on what the one before left; the form of the products differs."""
    b = program_builder("pdl_cluster_gemm", variant, params)
    shape = Shape(*(int(params[name]) for name in "mnk"))
    form, pairs = FORMS[variant], int(params["pairs"])
    stream = b.stream("stream")

    def matrix(name: str, rows: int, columns: int, seed: int) -> Uint16:
        return to_bfloat16(operand(rows, columns, seed)).reshape(-1)

    x = b.device("X", 2 * shape.m * shape.k, fill=lambda: matrix("X", shape.m, shape.k, 0))
    w = b.device("W", 2 * shape.n * shape.k, fill=lambda: matrix("W", shape.n, shape.k, 1))
    d = b.device("D", 2 * shape.k * shape.n, fill=lambda: matrix("D", shape.k, shape.n, 2))
    c = b.device("C", 2 * shape.m * shape.n)
    read = b.device("bytes read", 8, fill=lambda: np.zeros(1, np.uint64))
    early = params["trigger"] == "early"
    with b.range("issue", category="phase"):
        for pair in range(pairs):
            with b.range(f"pair {pair}", category="batch"):
                product(
                    b,
                    stream,
                    x,
                    w,
                    c,
                    read,
                    shape.first,
                    form,
                    wrap=WRAP,
                    early=early,
                    name=f"{form.entry}_first",
                )
                product(
                    b,
                    stream,
                    c,
                    d,
                    x,
                    read,
                    shape.second,
                    form,
                    wrap=WRAP,
                    pdl=variant == "pdl",
                    name=f"{form.entry}_second",
                )
    with b.range("finish", category="phase"):
        bring_home(b, x, stream, lambda: answer(shape, pairs))
        asked = pairs * (form.bytes_read(shape.first) + form.bytes_read(shape.second))
        needs = form.kernel().needs
        bring_home(b, read, stream, np.array([asked], np.uint64), needs=needs)
        b.stream_synchronize(stream)
    return b.build()


def answer(shape: Shape, pairs: int) -> Uint16:
    """The known answer, by squaring: ``X (Wᵀ Dᵀ) ** pairs`` modulo 8, in [-4, 4)."""
    power = multiplied(
        np.ascontiguousarray(operand(shape.n, shape.k, 1).T), operand(shape.k, shape.n, 2), WRAP
    )
    found, left = operand(shape.m, shape.k, 0), pairs
    while left:
        if left % 2:
            found = multiplied(found, power.T, WRAP)
        power, left = multiplied(power, power.T, WRAP), left // 2
    return to_bfloat16(found).reshape(-1)


TECHNIQUE = Technique(
    id="pdl_cluster_gemm",
    title="Dependent matrix products: TMA, clusters and PDL",
    section="Dependent kernels",
    figure="11-10",
    summary="A product whose blocks prepare themselves and load their weights while the product "
    "that it depends on stores its results.",
    shows=(
        "warp_specialized: loads beside products, in a fraction of the time of tiled. cluster: "
        "each pair of blocks loads B once. pdl: each second product starts before the first has "
        "ended, its prologue beside the first's epilogue."
    ),
    bound=(
        "pairs × 4 m n k / the tensor cores' rate; beside it, tiled waits for every tile, and "
        "without pdl a launch gap and a prologue are added to each product"
    ),
    variants=(
        Variant("tiled", "baseline: all threads load a tile, then multiply it (mma.sync)"),
        Variant("warp_specialized", "a warp loads by TMA, warpgroups multiply (wgmma)"),
        Variant("cluster", "warp_specialized in pairs of blocks, with TMA multicast"),
        Variant("pdl", "cluster, the second product with programmatic stream serialization"),
    ),
    parameters=(
        Parameter("pairs", 4, "pairs of products", minimum=1, maximum=64),
        Parameter("m", 2048, "rows of X and C", minimum=1, maximum=16_384),
        Parameter("n", 1024, "columns of C, a multiple of 8", minimum=1, maximum=8_192),
        Parameter("k", 1024, "columns of X, a multiple of 8", minimum=1, maximum=8_192),
        Parameter(
            "trigger",
            "late",
            "when the first product triggers: before its epilogue (late), or at its start (early)",
            choices=("late", "early"),
        ),
    ),
    builder=build,
    claims=(18, 20),
)
