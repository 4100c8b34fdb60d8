"""Kernel arguments in memory."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from timeline.backends.cuda.params import Params
from timeline.program import Buffer


def read(params: Params, index: int, kind: Any) -> Any:
    pointer = ctypes.c_uint64.from_address(params.address + 8 * index).value
    return kind.from_address(pointer).value


@pytest.mark.parametrize(
    ("value", "kind", "size"),
    [
        (np.int32(-7), ctypes.c_int32, 4),
        (np.uint8(200), ctypes.c_uint8, 1),
        (np.float64(0.25), ctypes.c_double, 8),
        (np.float32(1.5), ctypes.c_float, 4),
        (-(1 << 40), ctypes.c_int64, 8),
        (0.5, ctypes.c_float, 4),
        (True, ctypes.c_bool, 1),
    ],
)
def test_a_scalar_keeps_its_type(value: Any, kind: Any, size: int) -> None:
    params = Params([value])
    assert params.sizes == (size,)
    assert read(params, 0, kind) == value


def test_spans_are_resolved_with_their_offset() -> None:
    one, two = Buffer(1, "one", 64), Buffer(2, "two", 64)
    params = Params([one.span(16), np.int32(3), two.span()], [0xABCD])
    params.resolve({1: 0x1000, 2: 0x2000})
    assert read(params, 0, ctypes.c_uint64) == 0x1010
    assert read(params, 1, ctypes.c_int32) == 3
    assert read(params, 2, ctypes.c_uint64) == 0x2000
    assert read(params, 3, ctypes.c_uint64) == 0xABCD
    params.resolve({1: 0x5000, 2: 0x2000})
    assert read(params, 0, ctypes.c_uint64) == 0x5010
    assert params.names(frozenset({2}))
    assert not params.names(frozenset({3}))


def test_no_arguments_are_a_null_pointer() -> None:
    params = Params([])
    assert (params.address, params.sizes) == (0, ())
