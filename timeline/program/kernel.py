"""A kernel as data: where its source is, and what one block of it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from timeline.errors import ProgramError, unknown
from timeline.program.features import FEATURES
from timeline.program.pipeline import Pipeline

__all__ = ["Dim3", "Emulation", "Kernel", "Work"]

Dim3 = tuple[int, int, int]

Emulation = Callable[[Sequence[Any]], None]
"""Does to NumPy arrays what the kernel does to device memory.

It gets the launch's arguments in order: a writable ``uint8`` array for each Span, the scalar for
each scalar, and changes the arrays in place.
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What one block of a launch does, for the simulator.

    A block takes the longest of its fixed time, its arithmetic at the SM's rate and its share of
    the memory traffic at the bandwidth it gets.

    Attributes
    ----------
    block_ns : float
        Time that no other work shortens or stretches, such as a spin.
    flops : float
        FP32 operations of one block.
    tensor_flops : float
        Operations of one block on the tensor cores, bf16 with fp32 sums.
    dram_bytes : float
        Bytes that one block reads and writes in device memory.
    l2_bytes : float
        Bytes that one block reads and writes in the L2 cache alone.
    trigger_ns : float or None
        When, after the block's start, it executes ``griddepcontrol.launch_dependents``; None: never
        (its exit then counts as the trigger).
    prologue_ns : float
        Time before ``griddepcontrol.wait`` in a kernel launched with PDL; part of ``block_ns``.
    pipeline : Pipeline or None
        How its roles share the block's tiles. It costs nothing by itself: the spans in the stamps
        are its own, stretched to the time that the block took.
    """

    block_ns: float = 0.0
    flops: float = 0.0
    dram_bytes: float = 0.0
    trigger_ns: float | None = None
    prologue_ns: float = 0.0
    pipeline: Pipeline | None = None
    tensor_flops: float = 0.0
    l2_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Kernel:
    """A CUDA kernel.

    Attributes
    ----------
    name : str
        The name on the timeline; one entry point may go under several.
    source : str
        File in ``kernels/``.
    entry : str
        ``extern "C"`` function in it.
    registers : int
        Registers a thread (an estimate for the simulator; the compiler decides on a GPU).
    static_shared_bytes : int
        Static shared memory of a block.
    defines : tuple of str
        ``NAME=VALUE`` macros it is compiled with.
    emulate : callable, optional
        See :data:`Emulation`; without it, Programs that use the kernel can't be verified by the
        simulator.
    stamp_roles : tuple of str
        Roles of the in-kernel ``%globaltimer`` stamps, a (start, end) pair a block and role.
    needs : tuple of str
        Features that the device must have, of :data:`timeline.program.features.FEATURES`.
    stamp_tiles : int
        Spans that a role may have in a block, one a tile. The oldest are kept, the rest counted.
    stamp_blocks : int
        Blocks that write stamps, the first of the grid; 0: all.
    """

    name: str
    source: str
    entry: str
    registers: int = 32
    static_shared_bytes: int = 0
    defines: tuple[str, ...] = ()
    emulate: Emulation | None = field(default=None, compare=False, repr=False)
    stamp_roles: tuple[str, ...] = ()
    stamp_tiles: int = 1
    stamp_blocks: int = 0
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for feature in self.needs:
            if feature not in FEATURES:
                raise unknown(f"feature that kernel {self.name!r} needs", feature, FEATURES)
        if self.stamp_tiles < 1 or self.stamp_blocks < 0:
            raise ProgramError(f"kernel {self.name!r}: it stamps at least one tile, of some blocks")

    def stamped_blocks(self, blocks: int) -> int:
        """How many of ``blocks`` blocks write stamps."""
        wanted = min(blocks, self.stamp_blocks or blocks)
        return wanted if self.stamp_roles else 0


Scalar = np.generic | int | float
