"""A kernel with two pipelines between its warps, with one stage and with two, then in two streams.

A loader warp feeds a compute warp, which feeds a storer warp. With one buffer a pipeline, a tile
is loaded only when the last one has been computed; with two, tile ``i + gridDim`` is loaded while
tile ``i`` is computed.

Why the defaults. The grid is small on purpose: with nine blocks on every SM the loads of one hide
behind the others' arithmetic, and the stages make no difference to the time (but to what each
block does, which the stamps show). Eight blocks with 1,024 tiles a batch take 128 tiles each; a
tile of A and B is 0.78 µs away, and 32 FMAs an element and two barriers keep one warp for 1.17 µs:

    one stage    128 (0.78 + 1.17) µs = 250 µs
    two stages   128 * 1.17 µs        = 150 µs

A batch is copied in within 154 µs and out within 79 µs, so one stream takes 8 x 0.49 ms with one
stage and 8 x 0.39 ms with two; two streams are limited by copies in and kernels alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.host_arrays import halves, host_operands
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant
from timeline.techniques.warp_specialized_two_pipelines import TILE, warp_specialized_two_pipelines

__all__ = ["TECHNIQUE"]

STRIDE = 1_009
"""Between the first values of two batches: no two have the same value in the same place."""

Slot = tuple[Stream, Buffer, Buffer]


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches dealt to the streams in turn; the kernel differs in its stages."""
    b = program_builder("two_pipelines", variant, params)
    count = TILE * int(params["tiles"]) - int(params["short"])
    streams = int(params["streams"]) if variant == "two_streams" else 1
    slots = [_slot(b, index + 1, 4 * count) for index in range(streams)]
    stages = 1 if variant == "one_stage" else 2
    with b.range("pipeline", category="phase"):
        for batch in range(int(params["batches"])):
            with b.range(f"batch {batch}", category="batch"):
                _batch(b, batch, slots[batch % streams], stages, params)
    with b.range("finish", category="phase"):
        b.device_synchronize()
    return b.build()


def _slot(b: Builder, number: int, nbytes: int) -> Slot:
    """A stream and the device memory that its batches use one after the other."""
    stream = b.stream(f"stream {number}")
    return stream, b.device(f"in {number}", 2 * nbytes), b.device(f"out {number}", nbytes)


def _batch(b: Builder, batch: int, slot: Slot, stages: int, params: Mapping[str, Param]) -> None:
    stream, inside, target = slot
    iters, grid = int(params["iters"]), int(params["grid"])
    start = STRIDE * (batch + 1)
    source, home = host_operands(b, str(batch), target.bytes // 4, iters, start=start)
    b.memcpy(inside, source, stream)
    warp_specialized_two_pipelines(
        b, stream, target, *halves(inside), grid=grid, iters=iters, stages=stages
    )
    b.memcpy(home, target, stream)


TECHNIQUE = Technique(
    id="two_pipelines",
    title="Two pipelines between three warps",
    section="Warp specialisation",
    figure="",
    summary="Double-buffered pipelines from loader to compute and from compute to storer let a "
    "block load its next tile while it computes this one; streams overlap kernels with copies too.",
    shows=(
        "one_stage: loader and compute of a block in turn. two_stages: both at once, and the "
        "kernel takes as long as the slower of the two. two_streams: kernels beside the copies of "
        "the other stream's batches as well."
    ),
    bound=(
        "a kernel: tiles a block x (load + compute) with one stage, x max(load, compute) with two; "
        "two_streams: max(|B(H2D)|, |B(SM)|, |B(D2H)|)"
    ),
    variants=(
        Variant("one_stage", "baseline: one buffer in each pipeline, one stream"),
        Variant("two_stages", "two buffers in each pipeline"),
        Variant("two_streams", "two_stages with the batches dealt to several streams"),
    ),
    parameters=(
        Parameter("batches", 8, "batches, dealt to the streams in turn", minimum=1, maximum=64),
        Parameter("tiles", 1024, "tiles of 1,024 floats a batch", minimum=1, maximum=65_536),
        Parameter("short", 0, "floats that the last tile lacks", minimum=0, maximum=TILE - 1),
        Parameter("grid", 8, "blocks of the kernel", minimum=1, maximum=4096),
        Parameter("iters", 32, "FMAs an element: the kernel's intensity", 0, 1_000_000),
        Parameter("streams", 2, "streams of the variant two_streams", minimum=1, maximum=32),
    ),
    builder=build,
    claims=(1, 4),
)
