"""From a Trace to a file in the schema of Nsight Systems."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from timeline.errors import OutputError
from timeline.formats.nsys_sqlite.out_about import about
from timeline.formats.nsys_sqlite.out_ids import Ids, StringTable
from timeline.formats.nsys_sqlite.out_ranges import names, ranges
from timeline.formats.nsys_sqlite.out_rows import ACTIVITIES, Shaped, allocs, calls, events, syncs
from timeline.formats.nsys_sqlite.out_schema import ENUMS, TABLES, create
from timeline.formats.options import Progress
from timeline.trace import Trace
from timeline.trace.clock import TIME_COLUMNS, shift
from timeline.trace.columns import from_numpy
from timeline.trace.files import as_output_error

__all__ = ["write"]

_BATCH = 50_000
_PLAIN = {
    "CUPTI_ACTIVITY_KIND_RUNTIME": ("calls", calls),
    "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION": ("syncs", syncs),
    "CUPTI_ACTIVITY_KIND_CUDA_EVENT": ("events", events),
    "CUDA_GPU_MEMORY_USAGE_EVENTS": ("allocs", allocs),
}


def write(trace: Trace, path: Path, progress: Progress | None = None) -> None:
    """See :meth:`timeline.formats.format.Format.write`."""
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with as_output_error(path):
            beside.unlink(missing_ok=True)
            _fill(trace, beside, progress)
            _flush(beside)
            beside.replace(path)
    except sqlite3.Error as error:
        raise OutputError(f"{path}: can't be written: {error}; choose another place") from error
    finally:
        beside.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(trace: Trace, path: Path, progress: Progress | None) -> None:
    shift_ns, last_ns = _clock(trace)
    trace = Trace(trace.meta, shift(trace.tables, shift_ns))
    ids, strings = Ids(trace), StringTable()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("BEGIN")
        for table in (*TABLES, *ENUMS):
            database.execute(create(table))
        total = sum(map(trace.rows, trace.tables))
        for number, (table, shaped) in enumerate(_shaped(trace, ids, strings)):
            if progress is not None:
                progress(min(number * _BATCH, total), total)
            _insert(database, table, shaped)
        for table, rows in about(trace, ids, shift_ns, last_ns).items():
            for row in rows:
                _insert(database, table, {name: np.array([v], object) for name, v in row.items()})
        for table, labels in ENUMS.items():
            rows_of_words = [(i, *words) for i, words in enumerate(labels)]
            database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows_of_words)
        database.executemany("INSERT INTO StringIds VALUES (?, ?)", strings)
        database.execute("COMMIT")


def _clock(trace: Trace) -> tuple[int, int]:
    """What to add to every time, so that nsys's rules drop none, and the last time then."""
    low, high = 1, 1
    for table in trace.tables.values():
        for name in TIME_COLUMNS:
            if name in table.column_names and table.num_rows:
                found = pc.min_max(table[name]).as_py()
                if found["min"] is not None:
                    low, high = min(low, found["min"]), max(high, found["max"])
    return 1 - low, high + 1 - low


def _shaped(trace: Trace, ids: Ids, strings: StringTable) -> Iterator[tuple[str, Shaped]]:
    """Rows of each table, a batch at a time."""
    for batch in _batches(trace.activities):
        kinds = np.array(batch["kind"].to_pylist(), object)
        for kind, (table, shape) in ACTIVITIES.items():
            mine = np.flatnonzero(kinds == kind)
            if len(mine):
                yield table, shape(batch.take(from_numpy(mine, pa.int64())), ids, strings)
    for table, (name, shape) in _PLAIN.items():
        for batch in _batches(trace.tables[name]):
            yield table, shape(batch, ids, strings)
    for batch in _batches(trace.tables["ranges"]):
        yield "NVTX_EVENTS", ranges(batch, ids, strings)
    if trace.rows("ranges"):
        yield "NVTX_EVENTS", names(trace.tables["ranges"], ids, 1)


def _batches(table: pa.Table) -> Iterator[pa.Table]:
    for first in range(0, table.num_rows, _BATCH):
        yield table.slice(first, _BATCH)


def _insert(database: sqlite3.Connection, table: str, shaped: Mapping[str, Any]) -> None:
    arrays = {name: np.ma.asarray(values) for name, values in shaped.items()}
    length = max(array.size for array in arrays.values())
    columns = [
        array.tolist() if array.ndim else [array.item()] * length for array in arrays.values()
    ]
    named, marks = ", ".join(f'"{name}"' for name in arrays), ", ".join("?" * len(arrays))
    sql = f"INSERT INTO {table} ({named}) VALUES ({marks})"
    database.executemany(sql, zip(*columns, strict=True))
