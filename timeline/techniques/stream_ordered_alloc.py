"""Device memory for each batch from cudaMalloc and cudaFree, and in stream order from a pool.

``cudaFree`` waits for the whole device, so batches of two streams can't overlap. ``cudaFreeAsync``
takes its turn in the stream. When the host synchronises, as it does here after every few batches,
the pool gives back to the system what it holds above the release threshold, and the next batches
pay for it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.elementwise import elementwise
from timeline.techniques.host_arrays import MIB, host_pair
from timeline.techniques.scaffold import KEEP_ALL, program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

GIB = 1 << 30
STREAMS = 2
STRIDE = 1_009
"""Between the first values of two batches: no two have the same value in the same place."""

Slot = tuple[Stream, Buffer, Buffer]


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Two streams with two buffers each; the variants differ in where the buffers come from."""
    b = program_builder("stream_ordered_alloc", variant, params)
    nbytes = int(params["batch_mib"]) * MIB
    slots = [_slot(b, index + 1, nbytes) for index in range(STREAMS)]
    batches, every = int(params["batches"]), int(params["sync_every"])
    if variant != "malloc_free":
        b.release_threshold(_threshold(variant, params))
    for first in range(0, batches, every):
        with b.range(f"round {first // every}", category="phase"):
            for batch in range(first, min(first + every, batches)):
                with b.range(f"batch {batch}", category="batch"):
                    _batch(b, variant, slots[batch % STREAMS], batch, int(params["iters"]))
            for stream, _, _ in slots:
                b.stream_synchronize(stream)
    return b.build()


def _slot(b: Builder, number: int, nbytes: int) -> Slot:
    stream = b.stream(f"stream {number}")
    return stream, b.device(f"in {number}", nbytes), b.device(f"out {number}", nbytes)


def _threshold(variant: str, params: Mapping[str, Param]) -> int:
    """Bytes that the pool keeps; 0 is CUDA's default, stated because a process keeps the last."""
    kept = {"async": 0, "async_half": int(params["half_gib"]) * GIB, "async_max": KEEP_ALL}
    return kept[variant]


def _batch(b: Builder, variant: str, slot: Slot, batch: int, iters: int) -> None:
    stream, inside, outside = slot
    source, target = host_pair(
        b, f" {batch}", inside.bytes, iters, pinned=True, start=STRIDE * batch
    )
    _allocate(b, variant, slot)
    b.memcpy(inside, source, stream)
    elementwise(b, stream, outside, inside, iters)
    b.memcpy(target, outside, stream)
    _release(b, variant, slot)


def _allocate(b: Builder, variant: str, slot: Slot) -> None:
    stream, *buffers = slot
    for buffer in buffers:
        if variant == "malloc_free":
            b.malloc(buffer)
        else:
            b.malloc_async(buffer, stream)


def _release(b: Builder, variant: str, slot: Slot) -> None:
    stream, *buffers = slot
    for buffer in buffers:
        if variant == "malloc_free":
            b.free(buffer)
        else:
            b.free_async(buffer, stream)


TECHNIQUE = Technique(
    id="stream_ordered_alloc",
    title="Stream-ordered allocation",
    section="Stream-ordered memory",
    figure="11-3",
    summary="cudaMallocAsync and cudaFreeAsync allocate in stream order from a pool; cudaFree "
    "waits for the device, and keeps the other stream's batch from starting.",
    shows=(
        "malloc_free: the host in cudaFree until the device is idle, one batch at a time. async: "
        "no call waits, batches of two streams overlap. async_half, async_max: nothing goes back "
        "to the system when the host synchronises, so later allocations are warm."
    ),
    bound=(
        "Σ over rounds of max(|B(H2D)|, |B(SM)|, |B(D2H)|, a stream's own batches); malloc_free: "
        "Σ over batches of H2D + K + D2H"
    ),
    variants=(
        Variant("malloc_free", "baseline: cudaMalloc and cudaFree around each batch"),
        Variant("async", "cudaMallocAsync and cudaFreeAsync, release threshold 0 (CUDA's default)"),
        Variant("async_half", "async with a release threshold of half the device's memory"),
        Variant("async_max", "async with the highest release threshold: the pool keeps all"),
    ),
    parameters=(
        Parameter("batches", 16, "batches, dealt to the two streams in turn", 1, 256),
        Parameter("batch_mib", 16, "bytes of a batch each way, MiB", minimum=1, maximum=1024),
        Parameter("sync_every", 4, "batches after which the host synchronises both streams", 1),
        Parameter("iters", 2048, "FMAs an element: the kernel's intensity", 0, 1_000_000),
        Parameter("half_gib", 70, "threshold of async_half, GiB; 70 is half an H200", 0, 1024),
    ),
    builder=build,
    claims=(6, 7, 8),
)
