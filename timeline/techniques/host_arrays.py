"""Arrays on the host that kernels add to, with the known answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Span

__all__ = ["MIB", "halves", "host_operands", "host_pair", "ramp"]

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


def host_operands(
    b: Builder, name: str, count: int, iters: int, *, start: int
) -> tuple[Buffer, Buffer]:
    """Pinned ``A`` and ``B``, one behind the other, and ``C``: their sum plus ``iters``.

    No two places of ``A`` and ``B`` that belong together have the same value.

    Parameters
    ----------
    count : int
        Floats of each.

    Returns
    -------
    (Buffer, Buffer)
        ``A and B`` and ``C`` followed by ``name``.
    """

    def inputs() -> Float32:
        return np.concatenate([ramp(count, start), ramp(count, start + DISTINCT // 3)])

    both = b.host(f"A and B {name}", 8 * count, pinned=True, fill=inputs)
    home = b.host(f"C {name}", 4 * count, pinned=True)
    b.expect(home, lambda: inputs().reshape(2, count).sum(axis=0) + np.float32(iters))
    return both, home


def halves(both: Buffer) -> tuple[Span, Span]:
    """``A`` and ``B`` of a buffer that holds one behind the other."""
    half = both.bytes // 2
    return both.span(0, half), both.span(half, half)
