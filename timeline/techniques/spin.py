"""``kernels/spin.cu``: the NumPy twins, costs, launches and known answers of its kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work

__all__ = [
    "FACTOR",
    "Geometry",
    "Uint32",
    "join",
    "joined",
    "spin",
    "spin_kernel",
    "spin_waves",
    "spun",
]

Uint32 = npt.NDArray[np.uint32]

FACTOR = 3
"""What a spin multiplies by: with it, a chain of spins in another order has another result."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Grid and block of a kernel with one uint32 element a thread.

    Attributes
    ----------
    grid : int
        Blocks.
    block : int
        Threads a block.
    """

    grid: int
    block: int

    @property
    def count(self) -> int:
        """Elements."""
        return self.grid * self.block

    @property
    def bytes(self) -> int:
        """Bytes of the elements."""
        return 4 * self.count


def _emulate_spin(args: Sequence[Any]) -> None:
    source, target, count, _, factor, marker = args
    values = source.view(np.uint32)[: int(count)]
    target.view(np.uint32)[: int(count)] = values * factor + marker


def _emulate_join(args: Sequence[Any]) -> None:
    left, right, target, count, _, factor, marker = args
    total = left.view(np.uint32)[: int(count)] + right.view(np.uint32)[: int(count)]
    target.view(np.uint32)[: int(count)] = total * factor + marker


@cache
def spin_kernel(name: str) -> Kernel:
    """``spin`` under a name of its own, so that a timeline tells its launches apart."""
    return Kernel(
        name, "spin.cu", "spin", registers=16, emulate=_emulate_spin, stamp_roles=("body",)
    )


@cache
def _join_kernel(name: str) -> Kernel:
    """``spin_join`` under a name of its own."""
    return Kernel(
        name, "spin.cu", "spin_join", registers=16, emulate=_emulate_join, stamp_roles=("body",)
    )


@cache
def _waves_kernel(name: str) -> Kernel:
    """``spin_waves`` under a name of its own."""
    return Kernel(name, "spin.cu", "spin_waves", registers=16, emulate=_emulate_spin)


def spin(
    b: Builder,
    name: str,
    stream: Stream,
    target: Buffer | Span,
    shape: Geometry,
    *,
    ns: int,
    marker: int,
    source: Buffer | Span | None = None,
    cooperative: bool = False,
) -> None:
    """Launch ``target = source * FACTOR + marker``, which takes ``ns`` nanoseconds.

    Parameters
    ----------
    target, source : Buffer or Span
        uint32, ``shape.count`` elements; without a source, ``target`` is updated in place.
    cooperative : bool
        As a cooperative launch: all of its blocks run at once, or none.
    """
    origin = target if source is None else source
    _launch(b, spin_kernel(name), stream, (origin,), target, shape, ns, marker, cooperative)


def spin_waves(
    b: Builder,
    name: str,
    stream: Stream,
    target: Buffer | Span,
    shape: Geometry,
    *,
    ns: int,
    marker: int,
) -> None:
    """Launch ``target = target * FACTOR + marker``, ``ns`` a block, without stamps."""
    _launch(b, _waves_kernel(name), stream, (target,), target, shape, ns, marker)


def join(
    b: Builder,
    name: str,
    stream: Stream,
    target: Buffer | Span,
    sources: tuple[Buffer | Span, Buffer | Span],
    shape: Geometry,
    *,
    ns: int,
    marker: int,
) -> None:
    """Launch ``target = (left + right) * FACTOR + marker``, which takes ``ns`` nanoseconds."""
    _launch(b, _join_kernel(name), stream, sources, target, shape, ns, marker)


def _launch(
    b: Builder,
    kernel: Kernel,
    stream: Stream,
    sources: Sequence[Buffer | Span],
    target: Buffer | Span,
    shape: Geometry,
    ns: int,
    marker: int,
    cooperative: bool = False,
) -> None:
    scalars = (np.uint64(shape.count), np.uint64(ns), np.uint32(FACTOR), np.uint32(marker))
    b.launch(
        kernel,
        stream,
        grid=shape.grid,
        block=shape.block,
        args=(*sources, target, *scalars),
        work=Work(block_ns=ns),
        inputs=sources,
        outputs=(target,),
        cooperative=cooperative,
    )


def spun(values: Uint32, *markers: int) -> Uint32:
    """The known answer of a chain of spins: ``values * 3 ** k + sum(3 ** (k - j) * marker_j)``.

    Worked out with Python's integers, in closed form, modulo 2 ** 32.

    Parameters
    ----------
    values : (n,) uint32
    markers : int
        Marker of each spin, in order.
    """
    length = len(markers)
    shift = sum(FACTOR ** (length - 1 - j) * marker for j, marker in enumerate(markers))
    scale = np.uint64(FACTOR**length % 2**32)
    wide = values.astype(np.uint64) * scale + np.uint64(shift % 2**32)
    return (wide % np.uint64(2**32)).astype(np.uint32)


def joined(left: Uint32, right: Uint32, marker: int) -> Uint32:
    """The known answer of a join, worked out in 64 bits.

    Parameters
    ----------
    left, right : (n,) uint32
    """
    total = left.astype(np.uint64) + right.astype(np.uint64)
    wide = total * np.uint64(FACTOR) + np.uint64(marker)
    return (wide % np.uint64(2**32)).astype(np.uint32)
