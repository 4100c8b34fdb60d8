"""Two clocks, and spans seen on both: how far they are apart, and how well that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Alignment", "Span", "align"]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Alignment:
    """What to add to the inner clock to get the outer one.

    Attributes
    ----------
    residual_ns : int
        Half the width of the interval that the offset lies in; or, when no single offset fits every
        span, half the distance between those that do.
    """

    offset_ns: int
    residual_ns: int
    runs: int


def align(inner: Sequence[Span], outer: Sequence[Span]) -> Alignment | None:
    """Find the offset from spans on one clock that lie inside spans on another.

    With one offset for all, ``outer start <= inner start + offset`` and ``inner end + offset <=
    outer end`` for every pair; the offset is the middle of what that leaves.

    Returns
    -------
    Alignment or None
        None when the two differ in number, or are empty.
    """
    if not inner or len(inner) != len(outer):
        return None
    low = max(begin - first for (first, _), (begin, _) in zip(inner, outer, strict=True))
    high = min(end - last for (_, last), (_, end) in zip(inner, outer, strict=True))
    low, high = sorted((low, high))
    return Alignment((low + high) // 2, (high - low + 1) // 2, len(inner))
