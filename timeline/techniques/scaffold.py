"""What the Programs of several techniques share: their start, their seeds, their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Param, Span, Stream, Values
from timeline.techniques.spin import Geometry, Uint32
from timeline.techniques.technique import Parameter

__all__ = [
    "BLOCK",
    "GRID",
    "KEEP_ALL",
    "US",
    "bring_home",
    "geometry",
    "microseconds",
    "program_builder",
    "seed",
    "seeded",
]

US = 1_000
"""Nanoseconds of a microsecond."""

KEEP_ALL = 2**64 - 1
"""Release threshold of a pool that gives nothing back."""

LONGEST_US = 20_000
"""Longest kernel or host work that a parameter allows, so that a repeat stays short."""

GRID = Parameter("grid", 128, "blocks of each kernel", minimum=1, maximum=4096)
BLOCK = Parameter("block", 256, "threads of a block", minimum=1, maximum=1024)


def microseconds(name: str, default: int, doc: str, minimum: int = 1) -> Parameter:
    """A duration in µs, within what a technique may take."""
    return Parameter(name, default, f"{doc}, µs", minimum=minimum, maximum=LONGEST_US)


def program_builder(technique: str, variant: str, params: Mapping[str, Param]) -> Builder:
    """A Builder whose Program is named, and labelled, after the technique and its variant."""
    return Builder(f"{technique}/{variant}", technique=technique, variant=variant, **params)


def geometry(params: Mapping[str, Param]) -> Geometry:
    """Grid and block out of the parameters :data:`GRID` and :data:`BLOCK`."""
    return Geometry(int(params["grid"]), int(params["block"]))


def seed(shape: Geometry, lane: int = 0) -> Uint32:
    """Starting values: all different within a lane, and from the other lanes'."""
    index = np.arange(shape.count, dtype=np.uint64) + np.uint64(lane * shape.count)
    return (index * np.uint64(2_654_435_761) % np.uint64(2**32)).astype(np.uint32)


def seeded(b: Builder, name: str, shape: Geometry, lane: int = 0) -> Buffer:
    """A device buffer that starts with :func:`seed`."""
    return b.device(name, shape.bytes, fill=lambda: seed(shape, lane))


def bring_home(
    b: Builder,
    source: Buffer | Span,
    stream: Stream,
    answer: npt.NDArray[Any] | Values,
    *,
    needs: Sequence[str] = (),
) -> None:
    """Copy a result, or a part of it, to pinned memory and state what it must be.

    Parameters
    ----------
    answer : array, or a callable that makes it
        The known answer; as many bytes as ``source``.
    needs : sequence of str
        Features of the device without which that is not the answer.
    """
    where = f"{source.buffer.name} {source.offset}" if isinstance(source, Span) else source.name
    home = b.host(f"{where} at home", source.bytes, pinned=True)
    b.memcpy(home, source, stream)
    b.expect(home, answer if callable(answer) else lambda: answer, needs=needs)
