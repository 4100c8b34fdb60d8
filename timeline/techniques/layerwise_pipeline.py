"""A network of layers in one stream, and its two halves in two streams.

A batch goes through all layers; every layer's output is a buffer of its own, allocated and freed
in stream order. With two streams the first half of the layers is in one, the second in the other,
and an event hands each batch over: batch n is in the second half while batch n + 1 is in the
first.

Why the defaults reach 0.9 of the bound on an H200. A layer has 64 blocks, as a small batch has, so
it leaves half of the 132 SMs idle and two of them run side by side. It takes 50 µs, and the next
one starts 2.6 µs later (1.65 between kernels, and two stream-ordered calls). One stream takes 8
batches x 12 layers x 52.7 µs = 5.1 ms, two take (8 + 1) x 6 x 52.7 = 2.85 ms. The copies are small
(128 KiB: 4 µs in, 3 out), and with two streams some kernel runs nearly all the time:

    efficiency = 2.85 ms / (2.85 ms + first copy in + last copy out + gaps of 50 µs) = 0.97
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np

from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.layer import ELEMENTS, THREADS, Uint32, forward, layer, rounds_of
from timeline.techniques.scaffold import KEEP_ALL, US, microseconds, program_builder, seed
from timeline.techniques.spin import Geometry
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches through the layers, which are dealt to the streams half by half."""
    b = program_builder("layerwise_pipeline", variant, params)
    layers, shape = int(params["layers"]), Geometry(int(params["grid"]), THREADS * ELEMENTS)
    rounds = rounds_of(int(params["layer_us"]) * US)
    first = b.stream("stream 1")
    halves = (first, first if variant == "one_stream" else b.stream("stream 2"))
    weights = [_weights(b, index, shape) for index in range(layers)]
    b.release_threshold(KEEP_ALL)
    with b.range("pipeline", category="phase"):
        for batch in range(int(params["batches"])):
            with b.range(f"batch {batch}", category="batch"):
                _batch(b, batch, halves, weights, shape, rounds)
    with b.range("finish", category="phase"):
        b.device_synchronize()
    return b.build()


def _odd(index: int, shape: Geometry) -> Uint32:
    """Weights of a layer: odd, so that no round loses what came in."""
    return seed(shape, 100 + index) | np.uint32(1)


def _weights(b: Builder, index: int, shape: Geometry) -> Buffer:
    return b.device(f"weights {index}", shape.bytes, fill=lambda: _odd(index, shape))


def _batch(
    b: Builder,
    batch: int,
    halves: tuple[Stream, Stream],
    weights: Sequence[Buffer],
    shape: Geometry,
    rounds: int,
) -> None:
    """In, through the first half of the layers, over to the other stream, through the rest, out."""
    source = b.host(f"input {batch}", shape.bytes, pinned=True, fill=lambda: seed(shape, batch))
    home = b.host(f"output {batch}", shape.bytes, pinned=True)
    b.expect(home, lambda: _answer(batch, len(weights), shape, rounds))
    stream = halves[0]
    x = _activation(b, f"in {batch}", stream, shape)
    b.memcpy(x, source, stream)
    for index, weight in enumerate(weights):
        if index == len(weights) // 2 and halves[1] != stream:
            handed = b.event(f"half of batch {batch}")
            b.record(handed, stream)
            stream = halves[1]
            b.wait(stream, handed)
        y = _activation(b, f"activation {batch}.{index}", stream, shape)
        layer(b, stream, y, x, weight, rounds)
        b.free_async(x, stream)
        x = y
    b.memcpy(home, x, stream)
    b.free_async(x, stream)


def _activation(b: Builder, name: str, stream: Stream, shape: Geometry) -> Buffer:
    buffer = b.device(name, shape.bytes)
    b.malloc_async(buffer, stream)
    return buffer


def _answer(batch: int, layers: int, shape: Geometry, rounds: int) -> Uint32:
    def step(values: Uint32, index: int) -> Uint32:
        return forward(values, _odd(index, shape), rounds)

    return reduce(step, range(layers), seed(shape, batch))


TECHNIQUE = Technique(
    id="layerwise_pipeline",
    title="Layers over two streams",
    section="Stream-ordered memory",
    figure="",
    summary="The first half of the layers in one stream, the second in another, activations in "
    "stream order and an event between the halves: two batches are in the network at once.",
    shows=(
        "one_stream: one layer at a time. two_streams: the second half of batch n beside the first "
        "half of batch n + 1, from the second batch to the last but one."
    ),
    bound=(
        "one_stream: batches x layers x a layer; two_streams: (batches + 1) x half of the layers x "
        "a layer"
    ),
    variants=(
        Variant("one_stream", "baseline: every layer in one stream"),
        Variant("two_streams", "the second half of the layers in a second stream"),
    ),
    parameters=(
        Parameter("batches", 8, "batches", minimum=1, maximum=64),
        Parameter("layers", 12, "layers, half of them in each stream", minimum=2, maximum=96),
        microseconds("layer_us", 50, "duration of a layer"),
        Parameter("grid", 64, "blocks of a layer", minimum=1, maximum=4096),
    ),
    builder=build,
    claims=(1, 7, 12),
)
