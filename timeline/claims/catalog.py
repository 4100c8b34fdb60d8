"""All claims, in the order of the ledger."""

from __future__ import annotations

from timeline.claims import (
    clusters,
    default_streams,
    dependent_kernels,
    devices,
    memory,
    streams,
    synchronization,
)
from timeline.claims.claim import Claim
from timeline.errors import unknown

__all__ = ["CLAIMS", "claim"]

_SECTIONS = (
    streams,
    memory,
    default_streams,
    synchronization,
    clusters,
    dependent_kernels,
    devices,
)

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((each for section in _SECTIONS for each in section.CLAIMS), key=lambda c: c.number)
)


def claim(number: int) -> Claim:
    """Find a claim by its number.

    Raises
    ------
    UsageError
        When there is none of that number.
    """
    found = {each.number: each for each in CLAIMS}
    if number not in found:
        raise unknown("claim", str(number), map(str, found))
    return found[number]
