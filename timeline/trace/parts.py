"""One table of one part as a Parquet file: written compactly, read back to the schema's types.

Times and correlations rise slowly, so they are stored as differences (``DELTA_BINARY_PACKED``);
the rest repeats, so it is stored as dictionaries. Columns that hold nothing are left out. A grid,
block or cluster that is null is stored as zeros, which no launch has: pyarrow up to 25 can't read
lists of a fixed size back when some are null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from timeline.errors import TraceError, shortened
from timeline.limits import more
from timeline.trace.columns import from_numpy, lists, nulls, one_chunk, texts, to_numpy
from timeline.trace.schema import TABLES

__all__ = ["Part", "part_bytes", "row_bytes"]

ROW_GROUP_ROWS = 1 << 20
RISING = frozenset(
    ("start", "end", "queued", "submitted", "timestamp", "correlation", "address", "event")
)
_ALWAYS = frozenset(("start", "end"))


def part_bytes(table: pa.Table) -> pa.Buffer:
    """``table`` as the content of a Parquet file."""
    kept = [c for c in table.column_names if c in _ALWAYS or _holds_something(table[c])]
    # A table without columns would lose its number of rows.
    table = _without_null_lists(table.select(kept or table.column_names[:1]))
    delta = [c for c in table.column_names if c in RISING]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=3,
        use_dictionary=[c for c in table.column_names if c not in delta],
        column_encoding=dict.fromkeys(delta, "DELTA_BINARY_PACKED"),
        write_statistics=[c for c in ("start", "end") if c in delta],
    )
    return sink.getvalue()


def _without_null_lists(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_fixed_size_list(field.type) and table[field.name].null_count:
            zeros = from_numpy(to_numpy(one_chunk(table[field.name])), field.type)
            table = table.set_column(index, field, zeros)
    return table


def _null_zeros(column: pa.ChunkedArray) -> pa.Array:
    """Lists of zeros as nulls: the inverse of :func:`_without_null_lists`."""
    array = one_chunk(column)
    lanes = to_numpy(array)
    empty = np.asarray(~lanes.any(axis=1))
    return lists(lanes, empty, array.type) if empty.any() else array


def _holds_something(column: pa.ChunkedArray) -> bool:
    return int(column.null_count) < len(column)


class Part:
    """What :func:`part_bytes` made, with columns that are decoded when they are asked for.

    Columns that the schema doesn't know are left aside, those that are not stored are null.

    Parameters
    ----------
    content : pyarrow.Buffer
        The Parquet file.
    name : str
        The table, a key of :data:`timeline.trace.TABLES`.
    place : str
        The file, for errors.
    max_bytes : int
        The most memory that the table may take.

    Raises
    ------
    TraceError
        When the file is truncated or damaged, needs more memory, or a column has a wrong type.
    """

    def __init__(self, content: pa.Buffer, name: str, place: str, max_bytes: int) -> None:
        self._content, self._place, self._max_bytes = content, place, max_bytes
        self._schema = TABLES[name]
        with _damage(place):
            self._metadata = pq.read_metadata(pa.BufferReader(content))
            stored = self._metadata.schema.to_arrow_schema()
        _check_types(stored, self._schema, place)
        self._stored = frozenset(stored.names)
        self.rows: int = self._metadata.num_rows
        self.bytes = self.rows * row_bytes(self._schema)
        _check_memory(self.bytes, max_bytes, place)

    def columns(self, names: Sequence[str]) -> dict[str, pa.ChunkedArray | pa.Array]:
        """Decode columns.

        Raises
        ------
        TraceError
            When the file is damaged, or the texts need more memory than allowed.
        """
        found = {name: nulls(self.rows, self._schema.field(name).type) for name in names}
        if stored := [name for name in names if name in self._stored]:
            with _damage(self._place):
                decoded = self._decoded(stored)
                found |= {name: self._conform(decoded[name], name) for name in stored}
        return found

    def _decoded(self, names: list[str]) -> pa.Table:
        texts = [name for name in names if not _fixed_width(self._schema.field(name).type)]
        source = pa.BufferReader(self._content)
        with pq.ParquetFile(source, metadata=self._metadata, read_dictionary=texts) as file:
            decoded = file.read(columns=names, use_threads=self.rows > ROW_GROUP_ROWS)
        decoded.validate(full=True)
        return decoded

    def _conform(self, column: pa.ChunkedArray, name: str) -> pa.ChunkedArray | pa.Array:
        kind = self._schema.field(name).type
        if pa.types.is_fixed_size_list(kind):
            return _null_zeros(column)
        if pa.types.is_string(kind):
            _check_memory(_text_bytes(column), self._max_bytes, self._place)
            return texts(column.to_pylist())
        return column if column.type == kind else column.cast(kind)


@contextmanager
def _damage(place: str) -> Iterator[None]:
    """What Arrow says of a file, as a TraceError."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        reason = shortened(str(error).partition("\n")[0]).rstrip(".")
        raise TraceError(
            f"{place}: truncated or damaged ({reason}); copy the trace again"
        ) from error


def _fixed_width(kind: pa.DataType) -> bool:
    return not (pa.types.is_dictionary(kind) or pa.types.is_string(kind))


def row_bytes(schema: pa.Schema) -> int:
    """Bytes that a row of ``schema`` takes in memory, texts aside."""
    total = 0
    for field in schema:
        kind = field.type
        if pa.types.is_fixed_size_list(kind):
            total += kind.list_size * kind.value_type.bit_width // 8
        elif pa.types.is_dictionary(kind) or pa.types.is_string(kind):
            total += 4
        else:
            total += (kind.bit_width + 7) // 8
    return total


def _check_memory(needed: int, max_bytes: int, place: str) -> None:
    """Refuse what would take more memory than allowed."""
    if needed > max_bytes:
        raise TraceError(
            f"{place}: needs {needed / 1e9:.1f} GB of memory, more than the {max_bytes / 1e9:.1f} "
            f"GB allowed; load fewer tables, or {more('memory_bytes')}"
        )


def _check_types(stored: pa.Schema, schema: pa.Schema, place: str) -> None:
    for field in schema:
        index = stored.get_field_index(field.name)
        if index >= 0 and not _fits(stored.field(index).type, field.type):
            raise TraceError(
                f"{place}: column {field.name!r} is {stored.field(index).type}, "
                f"the format has {field.type}; write it with timeline"
            )


def _fits(stored: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column has the type; texts may come as dictionaries or plainly."""
    if _fixed_width(wanted):
        return bool(stored == wanted)
    text = stored.value_type if pa.types.is_dictionary(stored) else stored
    return bool(pa.types.is_string(text) or pa.types.is_large_string(text))


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Bytes of a dictionary column's texts written out: a small file may repeat a long one."""
    total = 0
    for chunk in column.chunks:
        lengths = np.array([len(text or "") for text in chunk.dictionary.to_pylist()] or [0])
        codes = to_numpy(chunk.indices)
        total += int(lengths[codes[codes >= 0]].sum())
    return total
