"""Outputs against known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from timeline.backends.cuda.verify import Answers
from timeline.errors import ProgramError, VerificationError
from timeline.program import Buffer, Expect, MemoryKind

BUFFER = Buffer(1, "out", 16, MemoryKind.PINNED, -1)


def check(got: Any, wanted: Any, rtol: float = 0.0) -> None:
    found = np.asarray(got)
    answers = Answers([Expect(BUFFER.span(), lambda: np.asarray(wanted), rtol)])
    assert answers.check(lambda _: found.view("u1")) == 1


def f32(*values: float) -> Any:
    return np.asarray(values, np.float32)


def test_equal_is_equal() -> None:
    check(f32(1, 2, 3, 4), f32(1, 2, 3, 4))
    check(np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32))


def test_the_first_difference_is_named() -> None:
    with pytest.raises(
        VerificationError,
        match=r"buffer 'out', element 2 of 4 \(int32, from byte 0\): got 9, expected 2; 2 elements",
    ):
        check(np.asarray([0, 1, 9, 9], np.int32), np.arange(4, dtype=np.int32))


def test_a_tolerance_is_relative() -> None:
    check(f32(100.09, 0, 1, 1), f32(100, 0, 1, 1), rtol=1e-3)
    with pytest.raises(VerificationError):
        check(f32(100.2, 0, 1, 1), f32(100, 0, 1, 1), rtol=1e-3)


def test_poison_never_passes() -> None:
    poison = np.full(16, 0xFF, np.uint8)
    for rtol in (0.0, 10.0):
        with pytest.raises(VerificationError, match="got nan"):
            check(poison, f32(1, 2, 3, 4), rtol)


def test_nan_may_be_the_answer_and_infinities_compare() -> None:
    check(f32(np.nan, np.inf, 1, 2), f32(np.nan, np.inf, 1, 2), rtol=1e-6)
    with pytest.raises(VerificationError):
        check(f32(1, -np.inf, 1, 2), f32(1, np.inf, 1, 2), rtol=1e-6)


def test_an_answer_of_another_length_is_refused() -> None:
    with pytest.raises(ProgramError, match="known answer of buffer 'out' has 8 bytes, its span 16"):
        check(f32(1, 2, 3, 4), f32(1, 2))
