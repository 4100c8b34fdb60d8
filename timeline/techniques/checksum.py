"""``kernels/checksum.cu``: large results in device memory against a known answer, in a few bytes.

Copying them home would take longer than what a technique shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Kernel, Stream, Work

__all__ = ["CHECKSUM", "checksums", "expect_checksums"]

SEGMENT = 4096
"""Elements a checksum."""

_BLOCK = 256

FLOPS = 35
"""FP32 operations that take as long as an element's product and sum of 64-bit integers: measured on
an H100, where 128 MiB take 74 µs."""

Float32 = npt.NDArray[np.float32]
Uint64 = npt.NDArray[np.uint64]


def checksums(values: Float32) -> Uint64:
    """``Σ (k + 1) * values[s * SEGMENT + k]`` of each segment s.

    Parameters
    ----------
    values : (n,) float32
        Non-negative integers below 2 ** 24. The sums stay below 2 ** 53, so that float64 is exact.
    """
    segments = -(-len(values) // SEGMENT)
    padded = np.zeros(segments * SEGMENT, np.float64)
    padded[: len(values)] = values
    weights = np.arange(1, SEGMENT + 1, dtype=np.float64)
    return (padded.reshape(segments, SEGMENT) @ weights).astype(np.uint64)


def _checksums_of(answer: Callable[[], Float32]) -> Uint64:
    return checksums(answer())


def _emulate(args: Sequence[Any]) -> None:
    source, sums, count = args
    sums.view(np.uint64)[:] = checksums(source.view(np.float32)[: int(count)])


CHECKSUM = Kernel("checksum", "checksum.cu", "checksum", registers=24, emulate=_emulate)


def expect_checksums(
    b: Builder, source: Buffer, stream: Stream, answers: Sequence[Callable[[], Float32]]
) -> None:
    """Sum a float32 buffer up, copy the sums home and state what they must be.

    Parameters
    ----------
    answers : sequence of callable
        What the equal parts of the buffer must hold, in order; each a whole number of segments.
    """
    count = source.bytes // 4
    segments = -(-count // SEGMENT)
    sums = b.device(f"checksums of {source.name}", 8 * segments, device=source.device)
    home = b.host(f"checksums of {source.name} at home", 8 * segments, pinned=True)
    b.launch(
        CHECKSUM,
        stream,
        grid=segments,
        block=_BLOCK,
        args=(source, sums, np.uint64(count)),
        work=Work(flops=FLOPS * count / segments, dram_bytes=4.0 * count / segments),
        inputs=(source,),
        outputs=(sums,),
    )
    b.memcpy(home, sums, stream)
    each = 8 * segments // len(answers)
    for index, answer in enumerate(answers):
        b.expect(home.span(index * each, each), partial(_checksums_of, answer))
