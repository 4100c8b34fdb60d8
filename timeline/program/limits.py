"""What a launch may ask for (CUDA C++ Programming Guide, technical specifications, 9.0)."""

from __future__ import annotations

from timeline.errors import ProgramError
from timeline.program.kernel import Dim3
from timeline.program.ops import Launch

__all__ = ["check_shape"]

MAX_GRID: Dim3 = (2**31 - 1, 65_535, 65_535)
MAX_BLOCK: Dim3 = (1_024, 1_024, 64)
MAX_BLOCK_THREADS = 1_024
MAX_CLUSTER_BLOCKS = 16
"""8 are portable; the backends set the attribute that allows 16."""
MAX_SHARED_BYTES = 227 * 1024
MAX_STATIC_SHARED_BYTES = 48 * 1024


def check_shape(op: Launch) -> None:
    """Refuse a grid, block, cluster or amount of shared memory that no launch may have."""
    _check_sizes("grid", op.grid, MAX_GRID)
    _check_sizes("block", op.block, MAX_BLOCK)
    threads = _product(op.block)
    if threads > MAX_BLOCK_THREADS:
        raise ProgramError(f"its block has {threads} threads; the limit is {MAX_BLOCK_THREADS}")
    _check_cluster(op)
    _check_shared(op.kernel.static_shared_bytes, op.dynamic_shared_bytes)


def _check_sizes(what: str, sizes: Dim3, limits: Dim3) -> None:
    for axis, size, limit in zip("xyz", sizes, limits, strict=True):
        if not 1 <= size <= limit:
            raise ProgramError(f"its {what} has {axis} = {size}; it must be 1 to {limit}")


def _check_cluster(op: Launch) -> None:
    blocks = _product(op.cluster)
    if not 1 <= blocks <= MAX_CLUSTER_BLOCKS or min(op.cluster) < 1:
        raise ProgramError(
            f"its cluster {op.cluster} has {blocks} blocks; it must have 1 to {MAX_CLUSTER_BLOCKS}"
        )
    if any(grid % cluster for grid, cluster in zip(op.grid, op.cluster, strict=True)):
        raise ProgramError(
            f"its grid {op.grid} is no multiple of its cluster {op.cluster}; round the grid up"
        )


def _check_shared(static_bytes: int, dynamic_bytes: int) -> None:
    if static_bytes > MAX_STATIC_SHARED_BYTES:
        raise ProgramError(
            f"its kernel has {static_bytes} bytes of static shared memory; the limit is "
            f"{MAX_STATIC_SHARED_BYTES}, ask for dynamic shared memory instead"
        )
    if dynamic_bytes < 0 or static_bytes + dynamic_bytes > MAX_SHARED_BYTES:
        raise ProgramError(
            f"it asks for {static_bytes} + {dynamic_bytes} bytes of shared memory; "
            f"the limit is {MAX_SHARED_BYTES} in all"
        )


def _product(sizes: Dim3) -> int:
    return sizes[0] * sizes[1] * sizes[2]
