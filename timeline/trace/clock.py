"""Moving the tables of a collector from its clock to the trace's."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from timeline.trace.columns import Masked, from_numpy, missing, one_chunk, to_numpy

TIME_COLUMNS = ("start", "end", "queued", "submitted", "timestamp")


def shift(tables: Mapping[str, pa.Table], by_ns: int) -> dict[str, pa.Table]:
    """Add ``by_ns`` to every time in ``tables``; nulls stay null.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Tables of :data:`timeline.trace.TABLES`.
    by_ns : int
        Usually minus the collector's clock at the trace's time 0.
    """
    moved = {}
    for name, source in tables.items():
        for index, column in enumerate(source.column_names):
            if column in TIME_COLUMNS and source[column].null_count < source.num_rows:
                times = _moved(one_chunk(source[column]), by_ns)
                source = source.set_column(index, source.schema.field(index), times)
        moved[name] = source
    return moved


def _moved(times: pa.Array, by_ns: int) -> pa.Array:
    """Without ``pyarrow.compute``, whose import takes longer than a part of a recording."""
    values = to_numpy(times) + by_ns
    if not times.null_count:
        return from_numpy(values, times.type)
    return from_numpy(Masked(values, missing(times)), times.type)
