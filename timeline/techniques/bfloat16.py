"""bfloat16 in NumPy, which has none: the upper half of a float32, kept as uint16."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Float32", "Uint16", "from_bfloat16", "to_bfloat16"]

Float32 = npt.NDArray[np.float32]
Uint16 = npt.NDArray[np.uint16]


def from_bfloat16(bits: Uint16) -> Float32:
    """The values, exactly."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def to_bfloat16(values: Float32) -> Uint16:
    """Finite values, rounded to nearest, ties to even, as ``cvt.rn.bf16x2.f32`` does."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return ((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)).astype(np.uint16)
