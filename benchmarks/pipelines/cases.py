"""Kernels over sizes that fit no tile, in memory that is not aligned.

Each case is a Program that checks itself. The output lies between guards of 0xFF bytes, and so do
the gaps between the rows of a matrix: a byte that is written and should not be, or the other way
round, is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Program, Span, Stream
from timeline.techniques.attention import (
    HEAD,
    Attention,
    attend,
    attention_scores,
    attention_values,
)
from timeline.techniques.layer import forward, layer
from timeline.techniques.warp_specialized import SIDE, Matrix, warp_specialized
from timeline.techniques.warp_specialized_two_pipelines import warp_specialized_two_pipelines

Float32 = npt.NDArray[np.float32]

GUARD = 64
"""Floats around an output that must stay as they are."""

COUNTS = (1, 3, 31, 127, 128, 1023, 1024, 1025, 4095, 8 * 1024 + 7, 100_003)
OFFSETS = ((0, 0, 0), (1, 1, 1), (0, 2, 0), (0, 0, 3), (3, 0, 1))
MATRICES = ((1, 1, 1), (128, 128, 128), (129, 257, 300), (5, 1000, 1003), (300, 130, 133))
ATTENTION = ((1, 1, 1), (64, 64, 1), (65, 130, 3), (37, 511, 2), (130, 1024, 4))
LAYERS = ((1, 1), (2, 7), (3, 0), (511, 3), (513, 1000), (32_768, 12_345), (100_001, 64))


def cases(*, small: bool = False) -> Iterator[tuple[str, Program]]:
    """Every case by name; ``small`` leaves out what takes long under a sanitizer."""
    counts = [c for c in COUNTS if not small or c <= 8 * 1024 + 7]
    for stages, count in product((1, 2, 3), counts):
        for offsets in OFFSETS if count in (1025, 4095) else OFFSETS[:2]:
            for grid in (1, 3, 40) if offsets == (0, 0, 0) else (3,):
                name = f"two_pipelines stages={stages} count={count} offsets={offsets} grid={grid}"
                yield name, sums(name, count, offsets, grid, stages)
    for rows, columns, pitch in MATRICES[: 3 if small else None]:
        for offsets in OFFSETS[:3]:
            for side in (SIDE, 64) if offsets == (0, 0, 0) else (SIDE,):
                name = f"warp_specialized {rows}x{columns} {pitch=} {offsets=} {side=}"
                yield name, matrix_sums(name, Matrix(rows, columns, pitch, side), offsets)
    for shape in ATTENTION[: 3 if small else None]:
        name = "attention queries={} tokens={} heads={}".format(*shape)
        yield name, attention(name, Attention(*shape))
    for count, rounds in LAYERS:
        name = f"layer count={count} rounds={rounds}"
        yield name, layers(name, count, rounds)


class Case:
    """A Program under construction, its stream, and its operands."""

    def __init__(self, name: str) -> None:
        self.b = Builder(name)
        self.stream: Stream = self.b.stream("s")
        self._random = np.random.default_rng(len(name))

    def operand(
        self, name: str, count: int, offset: int, below: int = 1000
    ) -> tuple[Span, Float32]:
        """Small integers in device memory, ``offset`` floats off a 256-byte boundary."""
        values = self._random.integers(0, below, count).astype(np.float32)
        padded = np.concatenate([np.full(offset, np.nan, np.float32), values])
        buffer = self.b.device(name, padded.nbytes, fill=lambda: padded)
        return buffer.span(4 * offset, values.nbytes), values

    def guarded(self, name: str, count: int, offset: int) -> tuple[Buffer, Span]:
        """An output between guards."""
        buffer = self.b.device(name, 4 * (count + offset + 2 * GUARD))
        return buffer, buffer.span(4 * (GUARD + offset), 4 * count)

    def check(self, buffer: Buffer, span: Span, answer: npt.NDArray[np.generic]) -> Program:
        """Bring the output home with its guards, and finish."""
        whole = np.full(buffer.bytes, 0xFF, np.uint8)
        whole[span.offset : span.offset + span.bytes] = answer.reshape(-1).view(np.uint8)
        home = self.b.host("home", buffer.bytes, pinned=True)
        self.b.memcpy(home, buffer, self.stream)
        self.b.expect(home, lambda: whole)
        self.b.device_synchronize()
        return self.b.build()


def sums(
    name: str, count: int, offsets: tuple[int, int, int], grid: int, stages: int, iters: int = 5
) -> Program:
    """``warp_specialized_two_pipelines``."""
    case = Case(name)
    left, a = case.operand("a", count, offsets[0])
    right, b = case.operand("b", count, offsets[1])
    buffer, target = case.guarded("c", count, offsets[2])
    warp_specialized_two_pipelines(
        case.b, case.stream, target, left, right, grid=grid, iters=iters, stages=stages
    )
    return case.check(buffer, target, a + b + np.float32(iters))


def matrix_sums(name: str, shape: Matrix, offsets: tuple[int, int, int], iters: int = 5) -> Program:
    """``warp_specialized``; what lies between the rows must stay."""
    case, count = Case(name), shape.bytes // 4
    left, a = case.operand("a", count, offsets[0])
    right, b = case.operand("b", count, offsets[1])
    buffer, target = case.guarded("c", count, offsets[2])
    warp_specialized(case.b, case.stream, target, left, right, shape, iters=iters)
    answer = np.full(4 * count, 0xFF, np.uint8).view(np.float32)
    for row in range(shape.rows):
        part = slice(row * shape.pitch, row * shape.pitch + shape.columns)
        answer[part] = a[part] + b[part] + np.float32(iters)
    return case.check(buffer, target, answer)


def attention(name: str, step: Attention) -> Program:
    """Both products of attention."""
    case, width = Case(name), step.heads * HEAD
    queries, q = case.operand("q", step.queries * width, 0, below=3)
    cache, kv = case.operand("kv", 2 * step.tokens * width, 0, below=3)
    scratch = case.b.device("scratch", step.scratch_bytes)
    buffer, target = case.guarded("out", step.queries * width, 0)
    attention_scores(case.b, case.stream, scratch, queries, cache, step)
    attention_values(case.b, case.stream, target, scratch, cache, step)
    shaped = q.reshape(step.queries, step.heads, HEAD), kv.reshape(-1, 2, step.heads, HEAD)
    return case.check(buffer, target, attend(*shaped))


def layers(name: str, count: int, rounds: int) -> Program:
    """A layer."""
    case = Case(name)
    random = np.random.default_rng(count)
    values, weights = (random.integers(0, 2**32, count, np.uint32) for _ in range(2))
    source = case.b.device("in", 4 * count, fill=lambda: values)
    scale = case.b.device("weights", 4 * count, fill=lambda: weights)
    target = case.b.device("out", 4 * count)
    layer(case.b, case.stream, target, source, scale, rounds)
    return case.check(target, target.span(), forward(values, weights, rounds))
