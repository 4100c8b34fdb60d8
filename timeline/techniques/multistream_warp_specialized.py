"""Batches through a warp-specialised kernel, in one stream and in several.

Each batch allocates its memory, is copied in, computed and copied out, and frees its memory, all
in the order of its stream. In the kernel a loader, a compute and a storer warp share a tile of 128
x 128 floats (196,608 bytes of shared memory: one block an SM).

Why the defaults reach 0.9 of the bound on an H200. A batch of 128 tiles fills the SMs once. Its A
and B, 16 MiB side by side, take 305 µs to copy in (323 beside a copy out), its C 154 µs out (168).
With several streams, two copies would let every other stream's first one in between. A compute
warp keeps one of an SM's four schedulers busy: 16,384 elements with 2,560 FMAs take 16,384 x 5,120
/ 107 FLOP/ns = 0.79 ms. With two streams, the copy out of batch n - 1 and the copy in of batch n +
1 follow each other in one stream while batch n computes in the other: 168 + 323 µs and about 20 µs
of gaps, less than the 790. So the kernels follow each other without a gap, and what is left to
lose is the first copy in and the last copy out:

    efficiency = 8 K / (H2D + 8 K + D2H + 30 µs) = 6.32 ms / 6.81 ms = 0.93

One stream takes 8 (H2D + K + D2H + 30 µs) = 10.2 ms.
"""

from __future__ import annotations

from collections.abc import Mapping

from timeline.program import Builder, Param, Program, Stream
from timeline.techniques.host_arrays import halves, host_operands
from timeline.techniques.scaffold import KEEP_ALL, program_builder
from timeline.techniques.technique import Parameter, Technique, Variant
from timeline.techniques.warp_specialized import SIDE, Matrix, warp_specialized

__all__ = ["TECHNIQUE"]

STREAMS = {"one_stream": 1, "two_streams": 2, "three_streams": 3}
STRIDE = 1_009
"""Between the first values of two batches: no two have the same value in the same place."""


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches dealt to the streams in turn."""
    b = program_builder("multistream_warp_specialized", variant, params)
    streams = [b.stream(f"stream {index + 1}") for index in range(STREAMS[variant])]
    tiles, iters = int(params["tiles"]), int(params["iters"])
    side = int(params["side"])
    shape = Matrix(side, side * tiles, side * tiles, side)
    b.release_threshold(KEEP_ALL)
    with b.range("pipeline", category="phase"):
        for batch in range(int(params["batches"])):
            with b.range(f"batch {batch}", category="batch"):
                _batch(b, batch, streams[batch % len(streams)], shape, iters)
    with b.range("finish", category="phase"):
        b.device_synchronize()
    return b.build()


def _batch(b: Builder, batch: int, stream: Stream, shape: Matrix, iters: int) -> None:
    """Allocate, copy in, compute, copy out and free, in the order of the stream."""
    count = shape.rows * shape.columns
    source, home = host_operands(b, str(batch), count, iters, start=STRIDE * (batch + 1))
    inside, target = b.device(f"in {batch}", source.bytes), b.device(f"out {batch}", home.bytes)
    b.malloc_async(inside, stream)
    b.malloc_async(target, stream)
    b.memcpy(inside, source, stream)
    warp_specialized(b, stream, target, *halves(inside), shape, iters=iters)
    b.memcpy(home, target, stream)
    b.free_async(inside, stream)
    b.free_async(target, stream)


TECHNIQUE = Technique(
    id="multistream_warp_specialized",
    title="Streams of warp-specialised kernels",
    section="Streams",
    figure="",
    summary="Warp specialisation overlaps load, compute and store inside a kernel; several streams "
    "overlap the copies of one batch with the kernel of another.",
    shows=(
        "one_stream: copies in, kernel and copy out in turn. two_streams and three_streams: the "
        "copies of batch n + 1 under the kernel of batch n, and the kernels back to back. Inside "
        "each kernel, loader, compute and storer at work at once."
    ),
    bound="max(|B(H2D)|, |B(SM)|, |B(D2H)|), which one_stream misses: it takes their sum",
    variants=(
        Variant("one_stream", "baseline: every batch in one stream"),
        Variant("two_streams", "the batches dealt to two streams"),
        Variant("three_streams", "the batches dealt to three streams"),
    ),
    parameters=(
        Parameter("batches", 8, "batches, dealt to the streams in turn", minimum=1, maximum=64),
        Parameter("tiles", 128, "tiles a batch, one a block", minimum=1, maximum=4096),
        Parameter(
            "side", SIDE, "rows and columns of a tile; 64 where shared memory is short", 32, SIDE
        ),
        Parameter("iters", 2560, "FMAs an element: the kernel's intensity", 0, 1_000_000),
    ),
    builder=build,
    claims=(1, 3, 4),
)
