"""Techniques on the simulator: what the page needs to offer and to run them."""

from __future__ import annotations

from collections.abc import Mapping

from timeline.backends import RunOptions
from timeline.backends.sim import SimBackend
from timeline.program import Launch, Param, Program
from timeline.techniques import technique
from timeline.trace import Trace

__all__ = ["kernel_files", "simulate"]


def simulate(
    name: str, variant: str, settings: Mapping[str, Param], device: str, repeat: int
) -> Trace:
    """Run a variant of a technique on a simulated device.

    Its outputs are not verified: the times don't depend on them, and the page answers sooner.

    Raises
    ------
    UsageError
        For a name or a value that does not exist.
    """
    program = technique(name).program(variant, **settings)
    return SimBackend(device=device).run(program, RunOptions(repeat=repeat, verify=False))


def kernel_files(program: Program) -> list[str]:
    """Files in ``kernels/`` of the kernels that a Program launches, in order of first launch."""
    launches = [op for op in program.ops() if isinstance(op, Launch)]
    launches += [op for g in program.graphs for op in g.ops if isinstance(op, Launch)]
    return list(dict.fromkeys(op.kernel.source for op in launches))
