"""Outputs against known answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from timeline.errors import ProgramError, VerificationError
from timeline.program import Expect, Span

__all__ = ["check_expect"]

Array = npt.NDArray[np.generic]


def check_expect(expect: Expect, read: Callable[[Span], npt.NDArray[np.uint8]]) -> None:
    """Compare what a span holds with its known answer.

    Raises
    ------
    VerificationError
        Naming the buffer, the first wrong element, what it is and what it should be.
    ProgramError
        When the known answer has another length than the span.
    """
    span, wanted = expect.span, np.ascontiguousarray(expect.values()).reshape(-1)
    if wanted.nbytes != span.bytes:
        raise ProgramError(
            f"the known answer of buffer {span.buffer.name!r} has {wanted.nbytes:,} bytes, "
            f"its span {span.bytes:,}"
        )
    found = np.frombuffer(read(span).tobytes(), wanted.dtype)
    wrong = np.flatnonzero(~_same(found, wanted, expect.rtol))
    if wrong.size:
        first = int(wrong[0])
        raise VerificationError(
            f"buffer {span.buffer.name!r}, element {first} of {wanted.size} "
            f"({wanted.dtype.name}, from byte {span.offset}): got {found[first]}, "
            f"expected {wanted[first]}; {wrong.size} elements differ"
        )


def _same(found: Array, wanted: Array, rtol: float) -> npt.NDArray[np.bool_]:
    """Element by element; a NaN equals a NaN only when that is the known answer."""
    equal = np.asarray(found == wanted)
    if not np.issubdtype(wanted.dtype, np.inexact):
        return equal
    equal |= np.isnan(found) & np.isnan(wanted)
    if rtol:
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.abs(found - wanted) <= rtol * np.abs(wanted)  # type: ignore[operator]
        equal |= near & np.isfinite(wanted)
    return equal
