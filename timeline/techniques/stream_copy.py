"""``kernels/stream_copy.cu``: its NumPy twin, its cost, its launch and its known answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work
from timeline.techniques.spin import Uint32

__all__ = ["copied", "stream_copy"]


def _emulate(args: Sequence[Any]) -> None:
    source, target, count, passes, marker = args
    values = source.view(np.uint32)[: int(count)]
    target.view(np.uint32)[: int(count)] = values + (marker + passes - np.uint32(1))


@cache
def _kernel(name: str) -> Kernel:
    """``stream_copy`` under a name of its own."""
    return Kernel(name, "stream_copy.cu", "stream_copy", registers=32, emulate=_emulate)


def stream_copy(
    b: Builder,
    name: str,
    stream: Stream,
    target: Buffer | Span,
    source: Buffer | Span,
    *,
    grid: int,
    block: int,
    passes: int,
    marker: int,
) -> None:
    """Launch ``target = source + marker + passes - 1``, which moves all bytes ``passes`` times.

    Parameters
    ----------
    target, source : Buffer or Span
        uint32, of equal length.
    """
    b.launch(
        _kernel(name),
        stream,
        grid=grid,
        block=block,
        args=(
            source,
            target,
            np.uint64(source.bytes // 4),
            np.uint32(passes),
            np.uint32(marker),
        ),
        work=Work(dram_bytes=2.0 * passes * source.bytes / grid),
        inputs=(source,),
        outputs=(target,),
    )


def copied(values: Uint32, passes: int, marker: int) -> Uint32:
    """The known answer, worked out in 64 bits."""
    wide = values.astype(np.uint64) + np.uint64(marker + passes - 1)
    return (wide % np.uint64(2**32)).astype(np.uint32)
