"""Scratch memory whose length changes from step to step, and a cache that grows, in four streams.

Each stream has a sequence. In every step its cache of keys and values grows by some tokens (a new
buffer, the old rows copied over, the old buffer freed), and the step's queries attend to all
tokens, with their scores in scratch memory that is as long as the sequence is: 8 heads x 512
queries x 1,024 tokens are 16 MiB.

Why the defaults reach 0.9 of the bound on an H200. A step of T tokens takes two products of
524,288 T FLOP each; the 16 steps, of 512 to 2,816 tokens, have 26,624 tokens in all: 27.9 GFLOP,
at 0.45 of 63.8 TFLOP/s 0.97 ms. What a stream's allocations, its copies within the device (up to
11 MiB: 5 µs) and their gaps take, about 25 µs a step, lies beside the other streams' kernels, as
the sequences are not equally long and so are not at the same point of a step. Left to lose are the
first copies and the last result's way home, together about 40 µs: 0.97 / 1.01 = 0.96.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.attention import (
    HEAD,
    Attention,
    attend,
    attention_scores,
    attention_values,
)
from timeline.techniques.scaffold import KEEP_ALL, program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

SMALL_INTEGERS = 3
"""Values of q, k and v: with up to 12,288 tokens no sum of products reaches 2 ** 24."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sequence:
    """One stream's sequence: all its tokens and queries, which lie on the device from the start."""

    stream: Stream
    number: int
    steps: tuple[Attention, ...]
    tokens: Buffer
    queries: Buffer
    out: Buffer
    home: Buffer


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """The sequences' steps in turn; the variants differ in how memory is allocated and freed."""
    b = program_builder("variable_scratch", variant, params)
    sequences = [_sequence(b, number, params) for number in range(int(params["sequences"]))]
    results = b.stream("results")
    caches: list[Buffer | None] = [None] * len(sequences)
    b.release_threshold(KEEP_ALL)
    with b.range("pipeline", category="phase"):
        for index in range(int(params["steps"])):
            for sequence in sequences:
                with b.range(f"step {index} of {sequence.number}", category="batch"):
                    cache = caches[sequence.number]
                    caches[sequence.number] = _step(b, variant, sequence, index, cache)
                    _bring_home(b, sequence, index, results)
    with b.range("finish", category="phase"):
        for sequence, cache in zip(sequences, caches, strict=True):
            assert cache is not None
            _free(b, variant, cache, sequence.stream)
        b.device_synchronize()
    return b.build()


def _sequence(b: Builder, number: int, params: Mapping[str, Param]) -> Sequence:
    first, grow, heads = (int(params[name]) for name in ("tokens", "grow", "heads"))
    start = first + number * int(params["apart"])
    steps = tuple(Attention(grow, start + i * grow, heads) for i in range(int(params["steps"])))
    last, row = steps[-1], steps[-1].row_bytes
    queries = len(steps) * grow

    def all_tokens() -> Float32:
        return _integers(last.tokens * 2 * heads * HEAD, 2 * number)

    def all_queries() -> Float32:
        return _integers(queries * heads * HEAD, 2 * number + 1)

    def answer() -> Float32:
        tokens = all_tokens().reshape(-1, 2, heads, HEAD)
        queries = all_queries().reshape(-1, grow, heads, HEAD)
        found = [attend(q, tokens[: s.tokens]) for q, s in zip(queries, steps, strict=True)]
        return np.concatenate(found).reshape(-1)

    home = b.host(f"out {number} at home", queries * row, pinned=True)
    b.expect(home, answer)
    return Sequence(
        b.stream(f"stream {number + 1}"),
        number,
        steps,
        b.device(f"tokens {number}", last.tokens * 2 * row, fill=all_tokens),
        b.device(f"queries {number}", queries * row, fill=all_queries),
        b.device(f"out {number}", queries * row),
        home,
    )


def _integers(count: int, lane: int) -> Float32:
    """Small integers without a pattern that a wrong index could keep."""
    index = np.arange(count, dtype=np.uint64) + np.uint64(lane * 7_919)
    mixed = (index * np.uint64(2_654_435_761) % np.uint64(2**32)) >> np.uint64(16)
    return (mixed % np.uint64(SMALL_INTEGERS)).astype(np.float32)


def _step(b: Builder, variant: str, sequence: Sequence, index: int, old: Buffer | None) -> Buffer:
    """Grow the cache and attend; returns the new cache."""
    stream, step = sequence.stream, sequence.steps[index]
    cache = _grown(b, variant, sequence, index, old)
    scratch = b.device(f"scratch {sequence.number}.{index}", step.scratch_bytes)
    piece = _rows(step, index)
    _malloc(b, variant, scratch, stream)
    attention_scores(b, stream, scratch, sequence.queries.span(*piece), cache, step)
    attention_values(b, stream, sequence.out.span(*piece), scratch, cache, step)
    _free(b, variant, scratch, stream)
    return cache


def _rows(step: Attention, index: int) -> tuple[int, int]:
    """Where a step's queries and results lie among those of all steps: offset and length, bytes."""
    return index * step.queries * step.row_bytes, step.queries * step.row_bytes


def _bring_home(b: Builder, sequence: Sequence, index: int, results: Stream) -> None:
    """Copy a step's result to the host in a stream of its own, so that no step waits for it."""
    attended, piece = (
        b.event(f"attended {sequence.number}.{index}"),
        _rows(sequence.steps[index], index),
    )
    b.record(attended, sequence.stream)
    b.wait(results, attended)
    b.memcpy(sequence.home.span(*piece), sequence.out.span(*piece), results)


def _grown(b: Builder, variant: str, sequence: Sequence, index: int, old: Buffer | None) -> Buffer:
    """A cache with the tokens of the old one and the step's new ones."""
    stream, step = sequence.stream, sequence.steps[index]
    cache = b.device(f"cache {sequence.number}.{index}", step.tokens * 2 * step.row_bytes)
    _malloc(b, variant, cache, stream)
    kept = old.bytes if old is not None else 0
    if old is not None:
        b.memcpy(cache.span(0, kept), old, stream)
        _free(b, variant, old, stream)
    new = (kept, cache.bytes - kept)
    b.memcpy(cache.span(*new), sequence.tokens.span(*new), stream)
    return cache


def _malloc(b: Builder, variant: str, buffer: Buffer, stream: Stream) -> None:
    if variant == "blocking":
        b.malloc(buffer)
    else:
        b.malloc_async(buffer, stream)


def _free(b: Builder, variant: str, buffer: Buffer, stream: Stream) -> None:
    if variant == "blocking":
        b.free(buffer)
    else:
        b.free_async(buffer, stream)


TECHNIQUE = Technique(
    id="variable_scratch",
    title="Scratch of varying length",
    section="Stream-ordered memory",
    figure="",
    summary="Scratch memory that is as long as the sequence, and a cache that grows, come and go "
    "in stream order; with cudaMalloc and cudaFree each change stops every stream.",
    shows=(
        "blocking: the host in cudaFree until the device is idle, and one stream at a time. "
        "stream_ordered: kernels and copies of all streams side by side, and no call that waits."
    ),
    bound="|B(SM)|, the kernels of all streams; blocking adds the gaps in which the host allocates",
    variants=(
        Variant("blocking", "baseline: cudaMalloc and cudaFree for scratch and cache"),
        Variant("stream_ordered", "cudaMallocAsync and cudaFreeAsync instead"),
    ),
    parameters=(
        Parameter("sequences", 4, "sequences, each in a stream of its own", minimum=1, maximum=8),
        Parameter("steps", 4, "steps of each sequence", minimum=1, maximum=16),
        Parameter("tokens", 512, "tokens of the first sequence in its first step", 1, 1024),
        Parameter("apart", 256, "tokens by which each sequence starts longer", 0, 512),
        Parameter("grow", 512, "tokens, and queries, that each step adds", minimum=1, maximum=512),
        Parameter("heads", 8, "heads, of 64 floats each", minimum=1, maximum=64),
    ),
    builder=build,
    claims=(6, 7),
)
