"""Layers of a network on several devices: a kernel each, named, with an answer that tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work
from timeline.techniques.elementwise import ELEMENTWISE
from timeline.techniques.technique import Parameter

__all__ = ["DEVICES", "as_span", "layer", "through_layers"]

DEVICES = Parameter("devices", 2, "devices", minimum=2, maximum=8)

_BLOCK = 256
_ELEMENTS_A_THREAD = 4
_SHIFTS = 8

Float32 = npt.NDArray[np.float32]


@cache
def layer_kernel(name: str) -> Kernel:
    """``elementwise`` under a name of its own, so that a timeline tells the layers apart."""
    return replace(ELEMENTWISE, name=name)


def shift_of(index: int) -> int:
    """What layer ``index`` adds in each step: neighbours differ, so that a layer left out shows."""
    return 1 + index % _SHIFTS


def layer(
    b: Builder,
    name: str,
    index: int,
    stream: Stream,
    target: Buffer | Span,
    source: Buffer | Span,
    iters: int,
) -> None:
    """Launch layer ``index``: ``target = source + iters * shift``, ``iters`` FMAs an element.

    Parameters
    ----------
    target, source : Buffer or Span
        float32, of equal length, on the stream's device; integers that stay below 2 ** 24.
    """
    out = as_span(target)
    count = out.bytes // 4
    blocks = -(-count // (_BLOCK * _ELEMENTS_A_THREAD))
    b.launch(
        layer_kernel(name),
        stream,
        grid=blocks,
        block=_BLOCK,
        args=(
            source,
            out,
            np.uint64(count),
            np.uint32(iters),
            np.float32(1.0),
            np.float32(shift_of(index)),
        ),
        work=Work(flops=2.0 * iters * count / blocks, dram_bytes=8.0 * count / blocks),
        inputs=(source,),
        outputs=(out,),
    )


def through_layers(values: Float32, indices: Sequence[int], iters: int) -> Float32:
    """The known answer of these layers, one after the other: ``values + iters * Σ shift``."""
    return values + np.float32(iters * sum(shift_of(index) for index in indices))


def as_span(memory: Buffer | Span) -> Span:
    """All of a buffer, or the span that it is."""
    return memory.span() if isinstance(memory, Buffer) else memory
