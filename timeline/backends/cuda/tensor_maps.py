"""Tensor maps as the driver encodes them."""

from __future__ import annotations

import ctypes

from timeline.backends.cuda.api import Api
from timeline.program import TensorMap

__all__ = ["MAP_BYTES", "encode"]

MAP_BYTES = 128
_TYPES = {
    "uint8": "UINT8",
    "float16": "FLOAT16",
    "bfloat16": "BFLOAT16",
    "int32": "INT32",
    "uint32": "UINT32",
    "float32": "FLOAT32",
}


def encode(api: Api, tensor: TensorMap, address: int) -> bytes:
    """The 128 bytes of ``cuTensorMapEncodeTiled`` for a tensor at a device address.

    CUDA counts the axes from the innermost. Loads bring whole lines of 128 bytes into the L2 cache.

    Raises
    ------
    ProgramError
        When the driver refuses it, as on a device before sm_90.
    """
    driver = api.driver
    shape, box = tensor.shape[::-1], tensor.box[::-1]
    swizzle = f"{tensor.swizzle}B" if tensor.swizzle else "NONE"
    result = driver.cuTensorMapEncodeTiled(
        getattr(driver.CUtensorMapDataType, f"CU_TENSOR_MAP_DATA_TYPE_{_TYPES[tensor.dtype]}"),
        len(shape),
        address,
        [driver.cuuint64_t(n) for n in shape],
        [driver.cuuint64_t(n) for n in tensor.strides[::-1]],
        [driver.cuuint32_t(n) for n in box],
        [driver.cuuint32_t(1)] * len(box),
        driver.CUtensorMapInterleave.CU_TENSOR_MAP_INTERLEAVE_NONE,
        getattr(driver.CUtensorMapSwizzle, f"CU_TENSOR_MAP_SWIZZLE_{swizzle}"),
        driver.CUtensorMapL2promotion.CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
        driver.CUtensorMapFloatOOBfill.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
    )
    name = tensor.span.buffer.name
    made = api.check(result, f"cuTensorMapEncodeTiled of {name!r}")
    return ctypes.string_at(int(made.getPtr()), MAP_BYTES)
