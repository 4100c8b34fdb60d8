"""Moving the tables of a collector from its clock to the trace's."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

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
            if column in TIME_COLUMNS:
                values = pc.add(source[column], pa.scalar(by_ns, pa.int64()))
                source = source.set_column(index, source.schema.field(index), values)
        moved[name] = source
    return moved
