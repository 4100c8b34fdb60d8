"""Kernel arguments in memory."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from timeline.backends.cuda.params import Params
from timeline.backends.cuda.tensor_maps import encode
from timeline.program import Buffer, rows_map


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


def test_a_tensor_map_lies_on_64_bytes_and_is_encoded_where_its_memory_is() -> None:
    one, two = Buffer(1, "one", 4096), Buffer(2, "two", 4096)
    maps = [rows_map(b.span(64, 1024), "float32", (8, 16), (8, 8)) for b in (one, two)]
    params = Params(
        [maps[0], np.int32(3), maps[1]], [7], lambda t, at: at.to_bytes(8, "little") * 16
    )
    params.resolve({1: 0x1000, 2: 0x2000})
    assert params.sizes == (128, 4, 128, 8)
    pointers = [ctypes.c_uint64.from_address(params.address + 8 * i).value for i in range(4)]
    assert [pointers[0] % 64, pointers[2] % 64] == [0, 0]
    assert ctypes.string_at(pointers[0], 128) == (0x1040).to_bytes(8, "little") * 16
    assert ctypes.string_at(pointers[2], 128) == (0x2040).to_bytes(8, "little") * 16
    assert (read(params, 1, ctypes.c_int32), read(params, 3, ctypes.c_uint64)) == (3, 7)
    assert params.names(frozenset({2}))
    assert not params.names(frozenset({3}))


def test_a_tensor_map_needs_an_encoder() -> None:
    params = Params([rows_map(Buffer(1, "one", 4096), "float32", (8, 16), (8, 8))])
    with pytest.raises(TypeError, match="nothing to encode it"):
        params.resolve({1: 0x1000})


def test_cuda_counts_the_axes_of_a_tensor_map_from_the_innermost(fake_cuda_module: Any) -> None:
    fake = fake_cuda_module.FakeCuda()
    tensor = rows_map(Buffer(1, "one", 1 << 20), "bfloat16", (256, 72), (128, 64), 128)
    assert len(encode(fake.api, tensor, 0x1000)) == 128
    ((_, given),) = fake.named("cuTensorMapEncodeTiled")
    kind, rank, address, shape, strides, box, steps, _, swizzle, *_ = given
    assert kind.name == "CU_TENSOR_MAP_DATA_TYPE_BFLOAT16"
    assert (rank, address) == (2, 0x1000)
    assert [int(n) for n in (*shape, *strides, *box, *steps)] == [72, 256, 144, 64, 128, 1, 1]
    assert swizzle.name == "CU_TENSOR_MAP_SWIZZLE_128B"
