"""From an export of Nsight Systems to a Trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.about import About, DeviceMap, gpus, streams
from timeline.formats.nsys_sqlite.activities import SOURCES
from timeline.formats.nsys_sqlite.database import Database
from timeline.formats.nsys_sqlite.host import Calls, events, syncs
from timeline.formats.nsys_sqlite.memory import allocs
from timeline.formats.nsys_sqlite.ranges import ranges
from timeline.formats.nsys_sqlite.rows import Rows, Tables
from timeline.formats.nsys_sqlite.strings import Strings
from timeline.formats.options import ImportOptions
from timeline.trace import Trace
from timeline.trace.clock import shift

__all__ = ["NAME", "read"]

NAME = "nsys_sqlite"

_STEPS = len(SOURCES) + 4
_READ = {
    *(source.table for source in SOURCES),
    "CUPTI_ACTIVITY_KIND_RUNTIME",
    "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION",
    "CUPTI_ACTIVITY_KIND_CUDA_EVENT",
    "CUDA_GPU_MEMORY_USAGE_EVENTS",
    "NVTX_EVENTS",
    "DIAGNOSTIC_EVENT",
}
_DESCRIBE = ("ENUM_", "TARGET_INFO_", "META_DATA_", "EXPORT_META_DATA", "ANALYSIS_", "sqlite_")
_LOOKED_UP = {
    "StringIds",
    "ThreadNames",
    "PROCESSES",
    "ProcessStreams",
    "CUDA_GRAPH_EVENTS",
    "CUDA_GRAPH_NODE_EVENTS",
    "CUDA_CALLCHAINS",
    "OSRT_CALLCHAINS",
    "SAMPLING_CALLCHAINS",
    "SCHED_CALLCHAINS",
}


def read(path: Path, options: ImportOptions) -> Trace:
    """See :meth:`timeline.formats.format.Format.read`."""
    intake = Intake(path, options)
    with Database(intake) as database:
        tables = Tables(database, intake)
        if not any(name in tables for name in _READ):
            raise intake.error("tables", "none of nsys's; export one with: nsys export -t sqlite")
        for name in sorted(database.views & (_READ | _LOOKED_UP)):
            intake.note(f"{name} was not read: it is a view or virtual, and only tables are.")
        return _trace(tables, intake, list(database.tables))


def _trace(tables: Tables, intake: Intake, names: list[str]) -> Trace:
    about, devices, strings = About.read(tables, intake.path), DeviceMap(tables), Strings(tables)
    intake.tell(0, _STEPS)
    calls = Calls.read(tables, strings, intake)
    intake.tell(1, _STEPS)
    parts = []
    for step, source in enumerate(SOURCES, 2):
        rows = source.read(tables, intake)
        if len(rows):
            _flag(rows, calls, about.last_ns, intake)
            parts.append(source.activities(rows, strings, devices))
        intake.tell(step, _STEPS)
    found = {
        "calls": calls.table(),
        "syncs": syncs(tables, calls, about.schema, devices, intake),
        "events": events(tables, devices, intake),
        "streams": streams(tables, devices),
        "allocs": allocs(tables, calls, devices, intake),
        "ranges": ranges(tables, strings, about.last_ns, intake),
    }
    if parts:
        found["activities"] = pa.concat_tables(parts)
    intake.tell(_STEPS - 1, _STEPS)
    _leave_the_rest(tables, names, intake)
    meta = about.meta(NAME, gpus(tables), intake.notes())
    found = shift(found, -about.shift_ns) if about.shift_ns else found
    trace = Trace.from_tables(meta, found)
    intake.tell(_STEPS, _STEPS)
    return trace


def _flag(rows: Rows, calls: Calls, last_ns: int | None, intake: Intake) -> None:
    """Count what is kept, but can't be right."""
    issued = calls.issuing(rows)
    if len(calls.rows):
        early = (rows["start"] < calls.rows["start"][issued]) & (issued >= 0)
        _count(early, rows, "activities that start before the call that issued them", intake)
    if last_ns is not None:
        late = rows["end"] > last_ns
        _count(late, rows, "activities that end after the capture did", intake)


def _count(wrong: npt.NDArray[np.bool_], rows: Rows, what: str, intake: Intake) -> None:
    if wrong.any():
        first = int(rows.numbers[int(wrong.argmax())])
        intake.flag(f"table {rows.table}, row {first:,}", what, int(np.count_nonzero(wrong)))


def _leave_the_rest(tables: Tables, names: list[str], intake: Intake) -> None:
    """Count rows of tables that a trace has no place for."""
    for name in sorted(set(names) - _READ - _LOOKED_UP):
        if not name.startswith(_DESCRIBE):
            intake.leave(f"rows of {name}", tables.count(name))
