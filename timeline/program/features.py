"""What a device must be able to do for a launch, by compute capability."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["FEATURES", "missing"]

Capability = tuple[int, int]

FEATURES: dict[str, tuple[Capability, Capability]] = {
    "bfloat16": ((8, 0), (99, 9)),
    "cluster": ((9, 0), (99, 9)),
    "pdl": ((9, 0), (99, 9)),
    "tma": ((9, 0), (99, 9)),
    "wgmma": ((9, 0), (9, 0)),
}
"""First and last compute capability with it (CUDA C++ Programming Guide, compute capabilities; PTX
ISA, ``wgmma.mma_async``: sm_90a alone)."""


def missing(needs: Iterable[str], capability: Capability) -> tuple[str, ...]:
    """Those of ``needs`` that a device lacks.

    Raises
    ------
    KeyError
        For a feature that is not in :data:`FEATURES`.
    """
    spans = {name: FEATURES[name] for name in needs}
    return tuple(name for name, (first, last) in spans.items() if not first <= capability <= last)
