"""``kernels/dependent_launch.cu``: the two kernels' NumPy twins, costs and launches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from timeline.program import Buffer, Builder, Kernel, Stream, Work
from timeline.techniques.spin import Geometry

__all__ = ["PRIMARY", "SECONDARY", "primary", "secondary"]


def _emulate_primary(args: Sequence[Any]) -> None:
    source, before, after, count, _, _, marker, _ = args
    n = int(count)
    values = source.view(np.uint32)[:n] * np.uint32(3) + marker
    before.view(np.uint32)[:n] = values
    after.view(np.uint32)[:n] = ~values


def _emulate_secondary(args: Sequence[Any]) -> None:
    weights, before, after, target, count, _, _ = args
    n = int(count)
    product = weights.view(np.uint32)[:n] * before.view(np.uint32)[:n]
    target.view(np.uint32)[:n] = product + after.view(np.uint32)[:n]


PRIMARY = Kernel(
    "primary",
    "dependent_launch.cu",
    "primary",
    registers=16,
    emulate=_emulate_primary,
    stamp_roles=("body", "epilogue"),
)

SECONDARY = Kernel(
    "secondary",
    "dependent_launch.cu",
    "secondary",
    registers=16,
    emulate=_emulate_secondary,
    stamp_roles=("prologue", "wait", "body"),
)


def primary(
    b: Builder,
    stream: Stream,
    source: Buffer,
    before: Buffer,
    after: Buffer,
    shape: Geometry,
    *,
    body_ns: int,
    epilogue_ns: int,
    marker: int,
    early: bool = False,
) -> None:
    """Launch the primary: ``before = source * 3 + marker``, trigger, ``after = ~before``.

    Parameters
    ----------
    early : bool
        Trigger at the start of each block, and not after the store to ``before``.
    """
    b.launch(
        PRIMARY,
        stream,
        grid=shape.grid,
        block=shape.block,
        args=(
            source,
            before,
            after,
            np.uint64(shape.count),
            np.uint64(body_ns),
            np.uint64(epilogue_ns),
            np.uint32(marker),
            np.uint32(early),
        ),
        work=Work(block_ns=body_ns + epilogue_ns, trigger_ns=0 if early else body_ns),
        inputs=(source,),
        outputs=(before, after),
    )


def secondary(
    b: Builder,
    stream: Stream,
    weights: Buffer,
    before: Buffer,
    after: Buffer,
    target: Buffer,
    shape: Geometry,
    *,
    prologue_ns: int,
    body_ns: int,
    pdl: bool,
) -> None:
    """Launch the secondary, with the PDL attribute or without: ``weights * before + after``."""
    b.launch(
        SECONDARY,
        stream,
        grid=shape.grid,
        block=shape.block,
        args=(
            weights,
            before,
            after,
            target,
            np.uint64(shape.count),
            np.uint64(prologue_ns),
            np.uint64(body_ns),
        ),
        work=Work(block_ns=prologue_ns + body_ns, prologue_ns=prologue_ns),
        inputs=(weights, before, after),
        outputs=(target,),
        pdl=pdl,
    )
