"""Arrow columns as NumPy arrays and back, without a copy where the layouts agree.

Done on the buffers: Arrow's own conversions import pandas wherever that is installed, which takes
longer than loading a trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.errors import TraceError

__all__ = [
    "Masked",
    "by_start",
    "from_numpy",
    "lists",
    "missing",
    "nulls",
    "one_chunk",
    "taken",
    "texts",
    "to_arrow",
    "to_numpy",
]

_NULLS = 1 << 16
Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """Values of which those where ``missing`` holds are null.

    Not ``numpy.ma``, whose import takes longer than to stop a short recording.
    """

    values: Array
    missing: Mask

    @classmethod
    def unless(cls, values: Array, missing: Mask) -> Array | Masked:
        """``values`` themselves where none is missing."""
        return cls(values, missing) if missing.any() else values

    def __len__(self) -> int:
        return len(self.values)


def to_numpy(array: pa.Array) -> Array:
    """Values of a column; what stands for null is told at :meth:`timeline.trace.Trace.column`."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return to_numpy(array.indices)
    if pa.types.is_fixed_size_list(kind):
        return _rows_of_lists(array)
    if pa.types.is_boolean(kind):
        values: Array = _bits(array.buffers()[1], array)
        return values if not array.null_count else values & _valid(array)
    if pa.types.is_integer(kind):
        return _integers(array)
    return np.array(array.to_pylist(), dtype=object)


def _integers(array: pa.Array) -> Array:
    dtype = np.dtype(str(array.type))
    data = array.buffers()[1]
    if array.null_count == len(array) or data is None:
        return np.full(len(array), _null(dtype), dtype)
    values = np.frombuffer(data, dtype, len(array), array.offset * dtype.itemsize)
    if not array.null_count:
        return values
    return np.where(_valid(array), values, dtype.type(_null(dtype)))


def _null(dtype: np.dtype[Any]) -> int:
    return -1 if dtype.kind == "i" else 0


def _rows_of_lists(array: pa.Array) -> Array:
    width = array.type.list_size
    inner = array.values.slice(array.offset * width, len(array) * width)
    lanes = to_numpy(inner).reshape(-1, width)
    return (
        np.where(_valid(array)[:, None], lanes, lanes.dtype.type(0)) if array.null_count else lanes
    )


def missing(array: pa.Array) -> Mask:
    """Where ``array`` is null."""
    return ~_valid(array) if array.null_count else np.zeros(len(array), np.bool_)


def _valid(array: pa.Array) -> Mask:
    return _bits(array.buffers()[0], array)


def _bits(buffer: pa.Buffer | None, array: pa.Array) -> Mask:
    if not len(array) or buffer is None:
        return np.zeros(len(array), np.bool_)
    first, last = array.offset, array.offset + len(array)
    packed = np.frombuffer(buffer, np.uint8)[first // 8 : (last + 7) // 8]
    bits = np.unpackbits(packed, bitorder="little")[first % 8 :][: len(array)]
    return bits.view(np.bool_)


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """The rows of ``column`` as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return nulls(0, column.type)
    return column.unify_dictionaries().combine_chunks()


def nulls(count: int, kind: pa.DataType) -> pa.Array:
    """A column of ``count`` nulls; of numbers it takes no memory until they are looked at."""
    if pa.types.is_dictionary(kind):
        indices = nulls(count, kind.index_type)
        return pa.DictionaryArray.from_arrays(indices, pa.nulls(0, kind.value_type))
    if not pa.types.is_integer(kind):
        return pa.nulls(count, kind)
    buffers = [
        pa.py_buffer(np.zeros(-(-count * width // 8), np.uint8)) for width in (1, kind.bit_width)
    ]
    return pa.Array.from_buffers(kind, count, buffers, count)


def taken(array: pa.Array, rows: npt.NDArray[np.int64]) -> pa.Array:
    """The values of ``array`` at ``rows``; of numbers several times as fast as Arrow's own."""
    kind = array.type
    if array.null_count == len(array):
        return nulls(len(rows), kind)
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(taken(array.indices, rows), array.dictionary)
    if not (pa.types.is_integer(kind) or pa.types.is_boolean(kind) or _is_lanes(kind)):
        return array.take(from_numpy(rows, pa.int64()))
    values = to_numpy(array)[rows]
    if not array.null_count:
        return from_numpy(values, kind)
    null = missing(array)[rows]
    if _is_lanes(kind):
        return lists(values, null, kind)
    return from_numpy(np.ma.masked_array(values, null), kind)


def by_start(start: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """The order of rows by start, equal ones as they are; None where they lie so already."""
    if len(start) < 2 or not bool((start[1:] < start[:-1]).any()):
        return None
    return np.argsort(start, kind="stable")


def lists(lanes: Any, null: Any, kind: pa.DataType) -> pa.Array:
    """Fixed-size lists of integers, some of them null.

    ``pa.FixedSizeListArray.from_arrays`` with a mask would import ``pyarrow.compute``, which takes
    as long as reading a trace.

    Parameters
    ----------
    lanes : (n, size) array of int
    null : (n,) array of bool
    """
    valid = pa.py_buffer(np.packbits(~null, bitorder="little"))
    flat = from_numpy(lanes.reshape(-1), kind.value_type)
    return pa.Array.from_buffers(kind, len(lanes), [valid], children=[flat])


def _is_lanes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_list(kind) and pa.types.is_integer(kind.value_type))


def to_arrow(value: Any, kind: pa.DataType) -> pa.Array:
    """Anything that :func:`timeline.trace.table` takes as a column, as an Arrow array."""
    if isinstance(value, pa.ChunkedArray):
        value = one_chunk(value)
    if isinstance(value, pa.Array):
        return value if value.type == kind else value.cast(kind)
    if pa.types.is_dictionary(kind):
        if isinstance(value, tuple):
            codes, names = value
            return _coded(codes, names, kind)
        return texts(value).cast(kind.value_type).dictionary_encode()
    if isinstance(value, np.ndarray | Masked):
        return from_numpy(value, kind)
    if pa.types.is_string(kind):
        return texts(value)
    return pa.array(value, kind)


def _coded(codes: Any, names: Sequence[str], kind: pa.DataType) -> pa.Array:
    codes = np.asarray(codes)
    if len(codes) and int(codes.max()) >= len(names):
        raise TraceError(f"code {int(codes.max())} has no name; there are {len(names)}")
    missing = codes < 0
    indices = from_numpy(Masked.unless(codes, missing), kind.index_type)
    return pa.DictionaryArray.from_arrays(indices, texts(names))


def from_numpy(column: Array | Masked, kind: pa.DataType) -> pa.Array:
    """``column`` as an Arrow array of type ``kind``; what is missing becomes null.

    Raises
    ------
    TraceError
        When a value does not fit the type.
    """
    values, missing = _parts(column)
    if pa.types.is_fixed_size_list(kind):
        lanes = values.reshape(-1)
        flat = from_numpy(
            lanes if missing is None else Masked(lanes, missing.reshape(-1)), kind.value_type
        )
        return pa.FixedSizeListArray.from_arrays(flat, kind.list_size)
    if pa.types.is_boolean(kind) and values.dtype == np.bool_:
        return _from_buffer(np.packbits(values, bitorder="little"), missing, kind, len(values))
    if pa.types.is_integer(kind) and values.dtype.kind in "iu":
        dtype = np.dtype(str(kind))
        if not np.can_cast(values.dtype, dtype):
            _check_range(values if missing is None else values[~missing], dtype)
        return _from_buffer(np.ascontiguousarray(values, dtype), missing, kind, len(values))
    return pa.array(values, kind, mask=missing)


def _parts(column: Array | Masked) -> tuple[Array, Mask | None]:
    if isinstance(column, Masked):
        return column.values, column.missing
    if type(column) is not np.ndarray and isinstance(column, np.ma.MaskedArray):
        return np.ma.getdata(column), np.ma.getmaskarray(column)
    return column, None


def _check_range(values: Array, dtype: np.dtype[Any]) -> None:
    limits = np.iinfo(dtype)
    if values.size and not (limits.min <= int(values.min()) and int(values.max()) <= limits.max):
        raise TraceError(f"a value from {values.min()} to {values.max()} does not fit {dtype}")


def _from_buffer(data: Array, missing: Mask | None, kind: pa.DataType, count: int) -> pa.Array:
    valid = None
    if missing is not None:
        valid = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, count, [valid, pa.py_buffer(data)])


def texts(values: Sequence[str | None]) -> pa.Array:
    """A column of texts; what is not valid Unicode gets a question mark."""
    encoded = [(value or "").encode("utf-8", "replace") for value in values]
    data = b"".join(encoded)
    if len(data) > np.iinfo(np.int32).max:
        raise TraceError(f"a column of {len(data) / 1e9:.1f} GB of texts; 2.1 GB is the limit")
    offsets = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    valid = None
    if None in values:
        known = np.array([value is not None for value in values])
        valid = pa.py_buffer(np.packbits(known, bitorder="little"))
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)
