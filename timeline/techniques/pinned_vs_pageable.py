"""The same asynchronous copies from and to pageable host memory, and pinned host memory.

``cudaMemcpyAsync`` stages pageable memory through the driver's own pinned buffers: the host thread
is in the call meanwhile, and a copy to pageable memory returns when the stream has come to its end.
"""

from __future__ import annotations

from collections.abc import Mapping

from timeline.program import Param, Program
from timeline.techniques.elementwise import elementwise
from timeline.techniques.host_arrays import MIB, host_pair
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

STRIDE = 1_009
"""Between the first values of two batches: no two have the same value in the same place."""


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches dealt to the streams in turn; the variants differ in the host memory's kind."""
    b = program_builder("pinned_vs_pageable", variant, params)
    streams = [b.stream(f"stream {index + 1}") for index in range(int(params["streams"]))]
    nbytes = int(params["batch_mib"]) * MIB
    slots = [(s, b.device(f"in {s.id}", nbytes), b.device(f"out {s.id}", nbytes)) for s in streams]
    iters, pinned = int(params["iters"]), variant == "pinned"
    with b.range("pipeline", category="phase"):
        for batch in range(int(params["batches"])):
            stream, inside, outside = slots[batch % len(slots)]
            start = STRIDE * batch
            source, target = host_pair(b, f" {batch}", nbytes, iters, pinned=pinned, start=start)
            with b.range(f"batch {batch}", category="batch"):
                b.memcpy(inside, source, stream)
                elementwise(b, stream, outside, inside, iters)
                b.memcpy(target, outside, stream)
    with b.range("finish", category="phase"):
        for stream in streams:
            b.stream_synchronize(stream)
    return b.build()


TECHNIQUE = Technique(
    id="pinned_vs_pageable",
    title="Pinned and pageable memory",
    section="Streams",
    figure="",
    summary="Asynchronous copies are asynchronous only with pinned memory; pageable memory holds "
    "the host thread and with it every other stream's work.",
    shows=(
        "pageable: the host in cudaMemcpyAsync most of the time, and no copy beside a kernel. "
        "pinned: the calls return at once and copies run beside kernels."
    ),
    bound="pinned: max(|B(H2D)|, |B(SM)|, |B(D2H)|); pageable: their sum, at the staged copy rate",
    variants=(
        Variant("pageable", "baseline: host memory from malloc"),
        Variant("pinned", "host memory from cudaHostAlloc"),
    ),
    parameters=(
        Parameter("batches", 8, "batches, dealt to the streams in turn", minimum=1, maximum=256),
        Parameter("batch_mib", 16, "bytes of a batch each way, MiB", minimum=1, maximum=1024),
        Parameter("streams", 4, "streams, each with device memory for one batch", 1, 32),
        Parameter("iters", 2048, "FMAs an element: the kernel's intensity", 0, 1_000_000),
    ),
    builder=build,
    claims=(2, 3),
)
