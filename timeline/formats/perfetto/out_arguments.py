"""Columns of a table as debug annotations of its events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Message, Part, Varint
from timeline.formats.perfetto.out_texts import Texts
from timeline.trace.columns import one_chunk, to_numpy

__all__ = ["Optional", "argument", "coded", "valid"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Optional:
    """A field that some rows have.

    Attributes
    ----------
    there : numpy.ndarray of bool, or None
        Which rows; None for all of them.
    part : callable
        The field of some of these rows.
    """

    there: Mask | None
    part: Callable[[Int64], Part]


def valid(column: pa.ChunkedArray) -> Mask | None:
    """Which rows are not null; None if all are so."""
    if not column.null_count:
        return None
    found: Mask = to_numpy(one_chunk(pc.is_valid(column)))
    return found


def coded(column: pa.ChunkedArray, kind: int, texts: Texts) -> Int64:
    """Numbers of the texts of a column, 0 for null."""
    whole = one_chunk(column)
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    numbers = texts.numbers(kind, whole.dictionary.to_pylist())
    known: Int64 = np.append(numbers, 0)[to_numpy(whole.indices)]
    return known


def argument(name: str, column: pa.ChunkedArray, texts: Texts) -> Optional:
    """A column as an annotation of that name."""
    number = Varint(schema.ANNOTATION_IID, texts.number(schema.ANNOTATION_NAMES, name))
    return Optional(valid(column), _part(number, column, texts))


def _part(name: Varint, column: pa.ChunkedArray, texts: Texts) -> Callable[[Int64], Part]:
    kind = column.type
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return _annotation(name, schema.STRING_IID, coded(column, schema.STRINGS, texts))
    values = to_numpy(one_chunk(column))
    if pa.types.is_fixed_size_list(kind):
        number = _integer(values)
        return lambda rows: Message(
            schema.ANNOTATION,
            (name, *(Message(schema.ARRAY, (Varint(number, one[rows]),)) for one in values.T)),
        )
    if pa.types.is_boolean(kind):
        return _annotation(name, schema.BOOL, values.astype(np.int64))
    return _annotation(name, _integer(values, column), values)


def _integer(values: Int64, column: pa.ChunkedArray | None = None) -> int:
    """Field for these integers: the unsigned one unless some are negative."""
    known = values
    if column is not None and column.null_count:
        known = values[to_numpy(one_chunk(pc.is_valid(column)))]
    negative = values.dtype.kind == "i" and len(known) and int(known.min()) < 0
    return schema.INT if negative else schema.UINT


def _annotation(name: Varint, field: int, values: Int64) -> Callable[[Int64], Part]:
    return lambda rows: Message(schema.ANNOTATION, (name, Varint(field, values[rows])))
