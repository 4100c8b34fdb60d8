"""What host threads called, waited for and recorded: ``calls``, ``syncs`` and ``events``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.about import DeviceMap
from timeline.formats.nsys_sqlite.global_ids import (
    known_processes,
    known_threads,
    process_of,
)
from timeline.formats.nsys_sqlite.issue import CallIndex
from timeline.formats.nsys_sqlite.rows import Rows, Tables
from timeline.formats.nsys_sqlite.sound import sound
from timeline.formats.nsys_sqlite.strings import Names, Strings, function_name
from timeline.formats.nsys_sqlite.words import NONE, SYNC_KINDS
from timeline.trace import table

__all__ = ["Calls", "events", "syncs"]

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_APIS = ("runtime", "driver")
"""``eventClass`` 0 and 1. nsys repeats calls with a backtrace as another class: those are twins."""

_KINDS: Sequence[str] = tuple(kind for kind in SYNC_KINDS if kind)
_OF_FUNCTION = {
    "DeviceSynchronize": "device_synchronize",
    "CtxSynchronize": "device_synchronize",
    "StreamSynchronize": "stream_synchronize",
    "EventSynchronize": "event_synchronize",
    "StreamWaitEvent": "stream_wait_event",
}
_QUERIES = ("EventQuery", "StreamQuery")
_TRUE_TYPES = (3, 25)
"""Schema from which on ``syncType`` is the number that ``ENUM_CUPTI_SYNC_TYPE`` lists."""


@dataclass(frozen=True, eq=False)
class Calls:
    """Calls of the runtime and the driver.

    Attributes
    ----------
    names : pair of codes and texts
        Function of each call.
    index : CallIndex
        Finds them.
    """

    rows: Rows
    names: Names
    index: CallIndex

    @classmethod
    def read(cls, tables: Tables, strings: Strings, intake: Intake) -> Calls:
        """Read ``CUPTI_ACTIVITY_KIND_RUNTIME``."""
        wanted = ("start", "end", "eventClass", "globalTid", "correlationId", "nameId")
        rows = tables.integers("CUPTI_ACTIVITY_KIND_RUNTIME", (*wanted, "returnValue"))
        if "eventClass" in rows:
            twins = (rows["eventClass"] < 0) | (rows["eventClass"] >= len(_APIS))
            intake.leave("backtrace twins of API calls", int(np.count_nonzero(twins)))
            rows = rows.where(~twins)
        rows = sound(rows, intake, needs=("start", "end", "globalTid"), times=("start", "end"))
        names = strings.names(rows, "nameId", "[unnamed call]", function_name)
        empty = np.zeros(0, np.int64)
        processes = process_of(rows["globalTid"]) if len(rows) else empty
        correlations = rows.get("correlationId", empty)
        return cls(rows, names, CallIndex(processes[: len(correlations)], correlations))

    def table(self) -> pa.Table:
        """As rows of ``calls``."""
        rows = self.rows
        if not len(rows):
            return table("calls", {}, 0)
        columns = {
            "name": self.names,
            "start": rows["start"],
            "end": rows["end"],
            "process": known_processes(rows),
            "thread": known_threads(rows),
            "correlation": rows.masked("correlationId", 0),
            "return_code": _int32(rows, "returnValue"),
        }
        if "eventClass" in rows:
            columns["api"] = (rows["eventClass"].astype(np.int32), _APIS)
        return table("calls", {k: v for k, v in columns.items() if v is not None}, len(rows))

    def issuing(self, rows: Rows) -> Int64:
        """The call that issued each of these rows, or -1."""
        if "globalPid" not in rows or "correlationId" not in rows:
            return np.full(len(rows), -1, np.int64)
        return self.index.find(process_of(rows["globalPid"]), rows["correlationId"])

    def threads(self, issued: Int64) -> Array | None:
        """Thread of each of these calls, masked for -1; None without calls."""
        threads = known_threads(self.rows)
        if threads is None or not len(threads):
            return None
        mask = np.ma.getmaskarray(threads)[issued] | (issued < 0)
        masked: Array = np.ma.masked_array(np.ma.getdata(threads)[issued], mask)
        return masked


def _int32(rows: Rows, name: str) -> Array | None:
    """A column of which whatever does not fit 32 bits is left out."""
    if name not in rows:
        return None
    values = rows[name]
    wide = (values >= 2**31) | (values < -(2**31)) | rows.null(name)
    masked: Array = np.ma.masked_array(np.where(wide, 0, values), wide) if wide.any() else values
    return masked


def syncs(
    tables: Tables, calls: Calls, schema: tuple[int, ...], devices: DeviceMap, intake: Intake
) -> pa.Table:
    """Rows of ``syncs``.

    What kind a synchronisation is, nsys before 2026.2 does not tell reliably: it wrote 1 and 2 for
    ``cudaDeviceSynchronize`` and ``cudaStreamSynchronize``. So the name of the call decides.

    Parameters
    ----------
    schema : tuple of int
        Version of the export's schema.
    """
    wanted = ("start", "end", "deviceId", "contextId", "streamId", "correlationId", "globalPid")
    rows = tables.integers("CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", (*wanted, "syncType", "eventId"))
    narrow = ("deviceId", "contextId")
    rows = sound(rows, intake, needs=("start", "end"), times=("start", "end"), int32=narrow)
    if not len(rows):
        return table("syncs", {}, 0)
    issued = calls.issuing(rows)
    kinds, query = _sync_kinds(rows, calls, issued, schema)
    intake.leave("queries of events and streams", int(np.count_nonzero(query)))
    unknown = (kinds < 0) & ~query
    intake.leave("synchronisations of unknown kind", int(np.count_nonzero(unknown)))
    kept = kinds >= 0
    rows, kinds, issued = rows.where(kept), kinds[kept], issued[kept]
    columns = {
        "kind": (kinds, _KINDS),
        "start": rows["start"],
        "end": rows["end"],
        "device": devices(rows),
        "context": rows.masked("contextId", 0),
        "stream": rows.masked("streamId", NONE),
        "event": rows.masked("eventId", NONE),
        "correlation": rows.masked("correlationId", 0),
        "process": known_processes(rows),
        "thread": calls.threads(issued),
    }
    return table("syncs", {k: v for k, v in columns.items() if v is not None}, len(rows))


def _sync_kinds(
    rows: Rows, calls: Calls, issued: Int64, schema: tuple[int, ...]
) -> tuple[npt.NDArray[np.int32], Mask]:
    """Codes in ``_KINDS``, -1 where not known, and whether it is a query, which waits for none."""
    codes, texts = calls.names
    of_name = np.array([*(_kind_code(text) for text in texts), -1], np.int32)
    queries = np.array([*(text.endswith(_QUERIES) for text in texts), False])
    called = np.where(issued >= 0, codes[issued] if len(codes) else 0, -1)
    kinds = of_name[called]
    query = queries[called]
    told = np.where(query, -1, _told(rows, schema))
    return np.where(kinds >= 0, kinds, told).astype(np.int32), query


def _kind_code(function: str) -> int:
    """Code in ``_KINDS`` of a function of either API, such as ``cuStreamWaitEvent_ptsz``."""
    name = function.removeprefix("cuda").removeprefix("cu").partition("_")[0]
    kind = _OF_FUNCTION.get(name)
    return _KINDS.index(kind) if kind else -1


def _told(rows: Rows, schema: tuple[int, ...]) -> Array:
    """What ``syncType`` says for itself."""
    types = rows.get("syncType", np.zeros(len(rows), np.int64))
    if schema >= _TRUE_TYPES:
        return np.where((types > 0) & (types < len(SYNC_KINDS)), types - 1, -1)
    eventless = rows["eventId"] == NONE if "eventId" in rows else np.zeros(len(rows), np.bool_)
    streamless = rows["streamId"] == NONE if "streamId" in rows else eventless
    stream = (types == 2) & eventless & ~streamless
    device = (types == 1) & eventless & streamless
    found = np.where(stream, _KINDS.index("stream_synchronize"), -1)
    return np.where(device, _KINDS.index("device_synchronize"), found)


def events(tables: Tables, devices: DeviceMap, intake: Intake) -> pa.Table:
    """Rows of ``events``: one an event record."""
    wanted = ("deviceId", "contextId", "streamId", "correlationId", "globalPid", "eventId")
    rows = tables.integers("CUPTI_ACTIVITY_KIND_CUDA_EVENT", (*wanted, "timestamp"))
    rows = sound(rows, intake, times=("timestamp",), int32=("deviceId", "contextId"))
    if not len(rows):
        return table("events", {}, 0)
    columns = {
        "event": rows.masked("eventId", NONE),
        "device": devices(rows),
        "context": rows.masked("contextId", 0),
        "stream": rows.masked("streamId", NONE),
        "correlation": rows.masked("correlationId", 0),
        "timestamp": rows.masked("timestamp", 0),
        "process": known_processes(rows),
    }
    return table("events", {k: v for k, v in columns.items() if v is not None}, len(rows))
