"""Importing a Kineto trace."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from timeline.errors import TraceError
from timeline.formats.byte_stream import ByteStream
from timeline.formats.intake import Intake
from timeline.formats.kineto.document import EVENTS, Document
from timeline.formats.kineto.lanes import lane_names, row_of_lane
from timeline.formats.kineto.rows import Columns
from timeline.formats.kineto.tables import make_tables, shift
from timeline.formats.kineto.window import Window
from timeline.formats.kineto.writing import BESIDE, OWN
from timeline.formats.options import ImportOptions
from timeline.text import unicode
from timeline.trace import Device, Meta, Trace, table
from timeline.trace.meta import is_meta_json

__all__ = ["read"]

DISTRIBUTED = "distributedInfo"
BASE = "baseTimeNanoseconds"
DEVICES = "deviceProperties"
_DESCRIBED = frozenset((OWN, EVENTS, DEVICES, DISTRIBUTED, "displayTimeUnit"))
_LONGEST = 500


def read(path: Path, options: ImportOptions) -> Trace:
    """Read a trace of PyTorch, JAX or another writer of Chrome's trace events.

    Raises
    ------
    TraceError
        One line that names the file and the byte.
    """
    intake = Intake(path, options)
    with ByteStream(intake) as stream:
        document = Document(Window(stream), intake)
        document.read()
    if not document.found_events:
        raise intake.error("byte 0", f"no {EVENTS!r} in it; not a trace of events")
    rows = document.rows
    lanes = lane_names(document.described)
    for span in rows.loose:
        rows.add(row_of_lane(span, lanes))
    rows.loose.clear()
    rows.settle()
    found = dict(rows.tables())
    _flag_overrunning(found.get("activities"), document.ended, intake)
    try:
        own = _own(document.header)
        first = 0 if own else shift(found)
        tables = make_tables(found, rows, intake)
        if own:
            return _restored(own, tables, intake)
    except (TraceError, pa.ArrowException, OverflowError) as error:
        raise intake.error("values", str(error)) from error
    for note in document.unkept.notes():
        intake.note(note)
    return Trace.from_tables(_meta(document.header, first, intake), tables)


def _flag_overrunning(activities: Columns | None, ended: int | None, intake: Intake) -> None:
    """Flag work that goes on after the recording, by the instant at which Kineto says it ended."""
    if activities is not None and ended is not None:
        late = np.flatnonzero(activities["end"] > ended)
        if len(late):
            place = f"activity {int(late[0]) + 1:,}"
            intake.flag(
                place, "activities that end after the recording, kept as they are", len(late)
            )


def _own(header: Mapping[str, Any]) -> Mapping[str, Any]:
    """What :mod:`timeline.formats.kineto.writing` put beside the events; empty for others."""
    own = header.get(OWN)
    return own if isinstance(own, dict) and is_meta_json(own.get("meta")) else {}


def _restored(own: Mapping[str, Any], tables: dict[str, pa.Table], intake: Intake) -> Trace:
    """A trace that was written here: as it was."""
    beside = own.get("tables")
    for name in BESIDE:
        columns = beside.get(name) if isinstance(beside, dict) else None
        if isinstance(columns, dict):
            tables[name] = _table(name, columns)
    meta = Meta.from_json(own["meta"], f"{intake.path}: {OWN!r}")
    wrong = intake.notes() if intake.unsound else ()
    return Trace.from_tables(dataclasses.replace(meta, notes=(*meta.notes, *wrong)), tables)


def _table(name: str, columns: Mapping[str, Any]) -> pa.Table:
    try:
        return table(name, columns)
    except (TypeError, ValueError, AttributeError) as error:  # values of another type
        raise TraceError(f"table {name!r} has values that are none of its columns'") from error


def _meta(header: Mapping[str, Any], first: int, intake: Intake) -> Meta:
    base = header.get(BASE)
    epoch = first + (base if type(base) is int and abs(base) < 2**62 else 0)
    distributed = header.get(DISTRIBUTED)
    labels = {}
    if isinstance(distributed, dict):
        for key in ("rank", "world_size", "backend"):
            if isinstance(distributed.get(key), int | str):
                labels[key] = distributed[key]
    others = {
        key: _short(value)
        for key, value in header.items()
        if key not in _DESCRIBED and isinstance(value, str | int | list)
    }
    return Meta(
        "kineto",
        epoch_ns=epoch,
        devices=_devices(unicode(header.get(DEVICES))),
        labels=unicode(labels),
        provenance=unicode({"file": intake.path.name, **others}),
        notes=intake.notes(),
    )


def _short(value: Any) -> Any:
    text = value if isinstance(value, str) else str(value)
    return value if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _devices(properties: Any) -> tuple[Device, ...]:
    if not isinstance(properties, list):
        return ()
    found = []
    for one in properties:
        if not isinstance(one, dict) or type(one.get("id")) is not int:
            continue
        major, minor = one.get("computeMajor"), one.get("computeMinor")
        known = type(major) is int and type(minor) is int
        found.append(
            Device(
                id=one["id"],
                name=str(one.get("name", "")),
                compute_capability=f"{major}.{minor}" if known else None,
                sm_count=_count(one.get("numSms")),
                memory_bytes=_count(one.get("totalGlobalMem")),
            )
        )
    return tuple(found)


def _count(value: Any) -> int | None:
    return value if type(value) is int else None
