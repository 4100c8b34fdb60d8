"""Outputs against known answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from timeline.errors import ProgramError, VerificationError
from timeline.program import Expect, Span

__all__ = ["Answers"]

Array = npt.NDArray[np.generic]
Read = Callable[[Span], npt.NDArray[np.uint8]]


class Answers:
    """The known answers of a Program, each worked out once."""

    def __init__(self, expects: Sequence[Expect]) -> None:
        self._expects = expects
        self._wanted: dict[int, Array] = {}

    def check(self, read: Read) -> int:
        """Compare every span with its known answer; how many there were.

        Raises
        ------
        VerificationError
            Naming the buffer, the first wrong element, what it is and what it should be.
        ProgramError
            When a known answer has another length than its span.
        """
        for index, expect in enumerate(self._expects):
            if index not in self._wanted:
                self._wanted[index] = known_answer(expect)
            compare(expect, self._wanted[index], read(expect.span))
        return len(self._expects)


def known_answer(expect: Expect) -> Array:
    """The answer as a flat array; raises ProgramError when its length is not the span's."""
    span, wanted = expect.span, np.ascontiguousarray(expect.values()).reshape(-1)
    if wanted.nbytes != span.bytes:
        raise ProgramError(
            f"the known answer of buffer {span.buffer.name!r} has {wanted.nbytes:,} bytes, "
            f"its span {span.bytes:,}"
        )
    return wanted


def compare(expect: Expect, wanted: Array, held: npt.NDArray[np.uint8]) -> None:
    """Raise VerificationError at the first element that is not the known answer."""
    span = expect.span
    found = np.frombuffer(held.tobytes(), wanted.dtype)
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
