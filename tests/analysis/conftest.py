"""Traces written down as rows."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest

from timeline.engines import engine_of
from timeline.trace import TABLES, Meta, Trace, table

Row = dict[str, Any]
MakeTrace = Callable[..., Trace]

COPIES = {"H2D": "HtoD", "D2H": "DtoH", "D2D": "DtoD", "P2P": "PtoP"}
KINDS = {"SM": "kernel", "MEMSET": "memset", "GRAPH": "graph", "HOST": "host_func"}


def activity(row: Row) -> Row:
    """Fill in what an engine says about an activity."""
    engine = row["engine"]
    copy = COPIES.get(engine)
    kind = "memcpy" if copy else KINDS[engine]
    assert engine_of(kind, copy) == engine
    return {"kind": kind, "copy_kind": copy, "name": engine, "device": 0, "stream": 1} | row


def rows_table(name: str, rows: Sequence[Row]) -> pa.Table:
    names = [key for key in TABLES[name].names if any(key in row for row in rows)]
    return table(name, {key: [row.get(key) for row in rows] for key in names}, len(rows))


@pytest.fixture(scope="session")
def make_trace() -> MakeTrace:
    """Make a trace of rows: ``make_trace(activities, repeats=..., calls=[...], ...)``."""

    def make(
        activities: Sequence[Row], *, meta: Meta | None = None, **tables: Sequence[Row]
    ) -> Trace:
        found = {name: rows_table(name, rows) for name, rows in tables.items()}
        found["activities"] = rows_table("activities", [activity(row) for row in activities])
        return Trace.from_tables(meta or Meta("cupti"), found)

    return make
