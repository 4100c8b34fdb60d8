"""Arrays on the host that go through ``elementwise``, with the known answer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder

__all__ = ["MIB", "host_pair", "ramp"]

MIB = 1 << 20

DISTINCT = 1 << 20
"""Values repeat after so many: with the iterations added they stay exact in float32."""

Float32 = npt.NDArray[np.float32]


def ramp(count: int, start: int = 0) -> Float32:
    """``count`` integers that go up from ``start``, modulo :data:`DISTINCT`."""
    once = np.arange(DISTINCT, dtype=np.float32)
    return np.resize(np.roll(once, -(start % DISTINCT)), count)


def host_pair(
    b: Builder, name: str, nbytes: int, iters: int, *, pinned: bool, start: int = 0
) -> tuple[Buffer, Buffer]:
    """An input, and an output that must hold the input plus ``iters``.

    Returns
    -------
    (Buffer, Buffer)
        ``input`` and ``output`` followed by ``name``, ``nbytes`` each.
    """
    count = nbytes // 4
    source = b.host(f"input{name}", nbytes, pinned=pinned, fill=lambda: ramp(count, start))
    target = b.host(f"output{name}", nbytes, pinned=pinned)
    b.expect(target, lambda: ramp(count, start) + np.float32(iters))
    return source, target
