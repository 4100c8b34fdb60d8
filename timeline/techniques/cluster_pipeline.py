"""Batches of tiles over two streams: blocks that each load a tile, and clusters that load it once.

Four blocks share a tile, and each needs all of it (:mod:`.cluster_dsmem`): in its rows, and in the
sums of its columns. Blocks by themselves can't tell each other what they summed, so each loads the
whole tile. In a cluster one load serves all: the leader loads the tile and each block reads its
rows out of the leader's shared memory, or each block loads its rows alone; both ways they exchange
their sums through distributed shared memory (DSMEM).

What an H100 showed. A leader that serves raw data loses: its SM's way out, and word of every panel,
cost more than four reads of the L2 cache, which answers blocks that ask for the same lines at once
with one read. Loading shares and exchanging only what was summed, 512 bytes for 64 KiB, wins. And
132 SMs don't hold 33 clusters of four at a block an SM, but 30, as a cluster stays within a GPC:
120 tiles take 152 µs in 120 blocks, which fit at once, and 192 in 132.

Why the defaults show it. A batch of 60 tiles has 3.9 MB, 72 µs in and 72 µs out. It is combined
with 96 weight tiles, which stay in the L2 cache: a cluster takes two tiles of a batch, 194 operands
of 64 KiB, one in 0.78 µs while its SMs have no other block and 1.15 µs beside one of the other
stream; blocks by themselves take 1.2 and 1.6 µs. Kernels take longest, not copies.

The kernels count the bytes they load, and they are a known answer of each repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from timeline.errors import UsageError
from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.cluster_dsmem import (
    CLUSTERS,
    TILE,
    TILE_BYTES,
    Float32,
    Way,
    bytes_read,
    combined,
    launch,
)
from timeline.techniques.scaffold import bring_home, program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

WAYS: Mapping[str, Way] = {
    "per_block": "blocks",
    "leader": "leader",
    "cluster": "shares",
    "cooperative": "shares",
}


def values(count: int, seed: int) -> Float32:
    """``count`` tiles of integers in [-4, 4), one after the other."""
    drawn = np.random.default_rng(seed).integers(-4, 4, count * TILE * TILE, np.int8)
    return drawn.astype(np.float32)


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches dealt to the streams in turn: copy in, kernel, copy out."""
    _check(int(params["grid"]), int(params["cluster_size"]))
    b = program_builder("cluster_pipeline", variant, params)
    batches, tiles = int(params["batches"]), int(params["tiles"])
    slots = [_slot(b, i + 1, tiles * TILE_BYTES) for i in range(int(params["streams"]))]
    weights = values(int(params["rounds"]), 0)
    held = b.device("weights", weights.nbytes, fill=lambda: weights)
    read = b.device("bytes read", 8 * batches, fill=lambda: np.zeros(batches, np.uint64))
    how: dict[str, Any] = {name: int(params[name]) for name in ("tiles", "rounds", "grid")}
    way = WAYS[variant]
    how |= {"cluster": int(params["cluster_size"]), "way": way}
    how |= {"cooperative": variant == "cooperative"}
    with b.range("pipeline", category="phase"):
        for batch in range(batches):
            stream, inside, outside = slots[batch % len(slots)]
            given = partial(values, tiles, batch + 1)
            source = b.host(f"input {batch}", inside.bytes, pinned=True, fill=given)
            target = b.host(f"output {batch}", outside.bytes, pinned=True)
            b.expect(target, partial(_answer, given, weights))
            count = read.span(8 * batch, 8)
            with b.range(f"batch {batch}", category="batch"):
                b.memcpy(inside, source, stream)
                launch(b, stream, inside, held, outside, count, **how)
                b.memcpy(target, outside, stream)
    with b.range("finish", category="phase"):
        streams = [stream for stream, _, _ in slots]
        _join(b, streams)
        loaded = bytes_read(tiles, how["rounds"], how["cluster"], way)
        needs = () if way == "blocks" else ("cluster", "tma")
        bring_home(b, read, streams[0], np.full(batches, loaded, np.uint64), needs=needs)
        b.device_synchronize()
    return b.build()


def _slot(b: Builder, number: int, size: int) -> tuple[Stream, Buffer, Buffer]:
    """A stream and the device memory that its batches use one after the other."""
    stream = b.stream(f"stream {number}")
    return stream, b.device(f"in {number}", size), b.device(f"out {number}", size)


def _join(b: Builder, streams: Sequence[Stream]) -> None:
    """Let the first stream wait for the others."""
    for stream in streams[1:]:
        event = b.event(f"{stream.name} done")
        b.record(event, stream)
        b.wait(streams[0], event)


def _answer(given: Callable[[], Float32], weights: Float32) -> Float32:
    batch, tiles = (flat.reshape(-1, TILE, TILE) for flat in (given(), weights))
    return combined(batch, tiles).reshape(-1)


def _check(grid: int, cluster: int) -> None:
    if cluster not in CLUSTERS:
        raise UsageError(f"cluster_size={cluster}: must be one of {', '.join(map(str, CLUSTERS))}")
    if grid % cluster:
        raise UsageError(f"grid={grid}: must be a multiple of cluster_size={cluster}")


TECHNIQUE = Technique(
    id="cluster_pipeline",
    title="Clusters that load once for all",
    section="Inside the kernel",
    figure="",
    summary="Blocks that share a tile load it once when they are a cluster, and exchange what "
    "they sum through distributed shared memory.",
    shows=(
        "per_block: every block loads every tile. leader: one block in four loads, the others "
        "read its shared memory; the kernels take far longer. cluster: each loads a fourth, and "
        "they exchange sums; the kernels are the shortest, copies still run beside them. "
        "cooperative: the same, kernels of both streams at once all the same."
    ),
    bound="max(|B(H2D)|, |B(SM)|, |B(D2H)|); per_block reads cluster_size times the bytes",
    variants=(
        Variant("per_block", "baseline: each block loads the whole tile"),
        Variant("leader", "the blocks of a tile are a cluster: one loads, all read its memory"),
        Variant("cluster", "each block of a cluster loads a share, and they exchange sums"),
        Variant("cooperative", "cluster, launched cooperatively"),
    ),
    parameters=(
        Parameter("batches", 8, "batches, dealt to the streams in turn", minimum=1, maximum=64),
        Parameter("tiles", 60, "tiles of a batch", minimum=1, maximum=4_096),
        Parameter("rounds", 96, "weight tiles each is combined with", minimum=1, maximum=1_024),
        Parameter("grid", 120, "blocks of a kernel, a multiple of cluster_size", 2, 4_096),
        Parameter(
            "cluster_size", 4, "blocks that share a tile: 2, 4, 8, or 16 (not portable)", 2, 16
        ),
        Parameter("streams", 2, "streams, each with device memory for one batch", 1, 16),
    ),
    builder=build,
    claims=(14, 19),
)
