"""PyTorch's caching allocator at its limit, and ``backend:cudaMallocAsync`` instead.

On a GPU the script ``timeline.live.torch_allocator`` runs; why, says :mod:`.live`. The Program
makes the allocations that PyTorch's allocators make for it. Scratch memory grows from batch to
batch, as with a sequence longer than any before, and there is room for little more than the
largest:

``native``
    No cached block is large enough, so a new one is needed; when the cached ones and it don't fit,
    all of them go back with cudaFree, which waits for the device, and cudaMalloc follows.
``cuda_malloc_async``
    Each tensor is a cudaMallocAsync and a cudaFreeAsync in the order of the stream. Nothing waits.

A batch multiplies 32 to 68 MiB with a 1024 x 1024 matrix: 0.34 to 0.72 ms at 0.80 of an H200's
FMA rate, 5.3 ms for ten. ``native`` also idles in eight of them while cudaFree returns
(61 µs), cudaMalloc maps memory (52 µs) and the next kernel is launched: 0.12 ms each, 1 ms in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.checksum import expect_checksums
from timeline.techniques.host_arrays import MIB, Float32, ramp
from timeline.techniques.layers import layer, through_layers
from timeline.techniques.live import Live
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant
from timeline.techniques.torch_dataloader import ITERS

__all__ = ["TECHNIQUE"]

ROOM = 1.05
"""Memory that there is, as a multiple of the largest scratch."""

ALL = 1 << 40


class Native:
    """PyTorch's allocator, for requests of which each is larger than all before."""

    def __init__(self, b: Builder, limit: float) -> None:
        self._b, self._limit = b, limit
        self._cached: list[Buffer] = []

    def take(self, buffer: Buffer, _: Stream) -> None:
        """A block from the device; first, if it doesn't fit, all cached ones go back."""
        if sum(block.bytes for block in self._cached) + buffer.bytes > self._limit:
            for block in self._cached:
                self._b.free(block)
            self._cached.clear()
        self._b.malloc(buffer)

    def give(self, buffer: Buffer, _: Stream) -> None:
        """Back into the cache."""
        self._cached.append(buffer)


class StreamOrdered:
    """``backend:cudaMallocAsync``: the pool keeps everything until it is told to let go."""

    def __init__(self, b: Builder) -> None:
        self._b = b
        b.release_threshold(ALL)

    def take(self, buffer: Buffer, stream: Stream) -> None:
        """``cudaMallocAsync``."""
        self._b.malloc_async(buffer, stream)

    def give(self, buffer: Buffer, stream: Stream) -> None:
        """``cudaFreeAsync``."""
        self._b.free_async(buffer, stream)


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches with scratch memory; ``variant`` says who allocates it."""
    b = program_builder("torch_allocator", variant, params)
    first, step = int(params["scratch_mib"]) * MIB, int(params["grow_mib"]) * MIB
    sizes = [first + index * step for index in range(int(params["batches"]))]
    stream = b.stream("compute")
    inputs = b.device("inputs", sizes[-1], fill=lambda: ramp(sizes[-1] // 4))
    native = variant == "native"
    allocator = Native(b, ROOM * sizes[-1]) if native else StreamOrdered(b)
    results = []
    with b.range("pipeline", category="phase"):
        for index, size in enumerate(sizes):
            with b.range(f"batch {index}", category="batch"):
                scratch = b.device(f"scratch {index}", size)
                results.append(b.device(f"result {index}", size))
                allocator.take(scratch, stream)
                layer(b, "matmul", index, stream, scratch, inputs.span(0, size), ITERS)
                layer(b, "add", 0, stream, results[-1], scratch, 1)
                allocator.give(scratch, stream)
    with b.range("finish", category="phase"):
        for index, result in enumerate(results):
            expect_checksums(b, result, stream, [partial(_answer, index, result.bytes)])
        if not native:
            b.release_threshold(0)
        b.device_synchronize()
    return b.build()


def _answer(index: int, nbytes: int) -> Float32:
    """What a batch must leave."""
    return through_layers(through_layers(ramp(nbytes // 4), [index], ITERS), [0], 1)


TECHNIQUE = Technique(
    id="torch_allocator",
    title="PyTorch's allocators",
    section="PyTorch",
    figure="",
    summary="PyTorch keeps freed memory; when none of it fits and the device is full, it gives all "
    "of it back and waits for the device. Stream-ordered allocation has nothing to wait for.",
    shows=(
        "native: the host in cudaFree until the last batch has ended, and a gap before the next. "
        "cuda_malloc_async: no call waits, and kernels follow each other."
    ),
    bound="Σ kernels; native also waits for the host in between",
    variants=(
        Variant("native", "baseline: PyTorch's caching allocator"),
        Variant("cuda_malloc_async", "PYTORCH_ALLOC_CONF=backend:cudaMallocAsync"),
    ),
    parameters=(
        Parameter("batches", 10, "batches", minimum=2, maximum=64),
        Parameter("scratch_mib", 32, "scratch memory of the first batch, MiB", 1, 1024),
        Parameter("grow_mib", 4, "by how much it grows, MiB", minimum=2, maximum=64),
    ),
    builder=build,
    claims=(6, 7),
    live=Live(
        "torch_allocator",
        ("torch",),
        "torch",
        {"cuda_malloc_async": {"PYTORCH_ALLOC_CONF": "backend:cudaMallocAsync"}},
    ),
)
