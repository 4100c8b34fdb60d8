"""From the rows of a document to the tables of a trace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.kineto.copies import copies_and_engines
from timeline.formats.kineto.launches import Launches
from timeline.formats.kineto.rows import MISSING, Columns, Rows
from timeline.trace import TABLES, table
from timeline.trace.columns import Masked, from_numpy, one_chunk, to_numpy

__all__ = ["make_tables", "shift"]

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

TIMES = ("start", "end")


def shift(tables: dict[str, Columns]) -> int:
    """Move all times so that the first is 0, in place; returns by how much, ns."""
    starts = [columns["start"] for columns in tables.values() if len(columns["start"])]
    first = min((int(start.min()) for start in starts), default=0)
    for columns in tables.values():
        for name in TIMES:
            columns[name] -= first
    return first


def make_tables(found: dict[str, Columns], rows: Rows, intake: Intake) -> dict[str, pa.Table]:
    """Arrow tables of all that was found, sorted by start; the columns are given up for them."""
    names = rows.names.texts
    _without_hip(found, names, intake)
    if "activities" in found:
        _by_start(found["activities"])
        _without_repeats(found["activities"], intake)
    launches = Launches(found.get("calls"))
    for name in ("activities", "syncs", "collectives"):
        if name in found:
            launches.complete(found[name], processes=name != "syncs")
    if "activities" in found:
        launches.flag_early(found["activities"], intake)
    if "syncs" in found:
        _without_negative_ids(found["syncs"])
    made = {}
    for name in list(found):
        columns = found.pop(name)
        if name != "activities":
            _by_start(columns)
        made[name] = _table(name, columns, names)
    if "activities" in made:
        made["streams"] = _streams(made["activities"])
    return made


def _by_start(columns: Columns) -> None:
    start = columns["start"]
    if len(start) > 1 and bool((start[1:] < start[:-1]).any()):
        order = np.argsort(start, kind="stable")
        for name in columns:
            columns[name] = columns[name][order]


def _keep(columns: Columns, kept: Mask) -> None:
    for name in columns:
        columns[name] = columns[name][kept]


def _without_hip(found: dict[str, Columns], names: Sequence[str], intake: Intake) -> None:
    """Leave aside calls of AMD's runtime, which Kineto writes under CUDA's category."""
    calls = found.get("calls")
    if calls is None:
        return
    hip = np.array([name.startswith("hip") for name in names], np.bool_)
    of_hip = hip[calls["name"]]
    if of_hip.any():
        intake.leave("HIP runtime calls", int(of_hip.sum()))
        _keep(calls, ~of_hip)


def _without_repeats(columns: Columns, intake: Intake) -> None:
    """Leave out activities that are in the file twice, in every column."""
    start = columns["start"]
    alike = np.zeros(len(start) + 1, np.bool_)
    alike[1:-1] = start[1:] == start[:-1]
    near = np.flatnonzero(alike[1:] | alike[:-1])
    if not len(near):
        return
    lanes = [
        columns[name][near].reshape(len(near), -1).astype(np.int64) for name in sorted(columns)
    ]
    _, first = np.unique(np.concatenate(lanes, axis=1), axis=0, return_index=True)
    if len(first) == len(near):
        return
    kept = np.ones(len(start), np.bool_)
    kept[near] = False
    kept[near[first]] = True
    intake.leave("activities that are in the file a second time", int((~kept).sum()))
    _keep(columns, kept)


def _without_negative_ids(columns: Columns) -> None:
    """Kineto writes -1 for a synchronisation of no one stream; so does the trace, as null."""
    if "stream" in columns:
        np.maximum(columns["stream"], -1, out=columns["stream"])


def _table(name: str, columns: Columns, names: Sequence[str]) -> pa.Table:
    schema = TABLES[name]
    made: dict[str, Any] = {}
    if name == "activities":
        copies = copies_and_engines(columns, names)
        for key in copies.keys() - columns.keys():  # a trace of timeline's says them itself
            made[key] = copies[key]
    count = len(columns["start"])
    for column in list(columns):
        values = columns.pop(column)
        if column in schema.names:
            made[column] = _column(column, values, schema.field(column).type, names)
    return table(name, made, count)


def _column(name: str, values: Array, kind: pa.DataType, names: Sequence[str]) -> Any:
    if pa.types.is_string(kind):
        return [names[code] if code >= 0 else None for code in values.tolist()]
    if pa.types.is_dictionary(kind):
        return _compact(values, names)
    if name in TIMES:
        return values
    if values.ndim > 1:
        flat = from_numpy(values.reshape(-1), kind.value_type)
        none = from_numpy(np.asarray(~values.any(axis=1)), pa.bool_())
        return pa.FixedSizeListArray.from_arrays(flat, kind.list_size, mask=none)
    missing = values == MISSING
    if pa.types.is_boolean(kind):
        values = values == 1
    return Masked.unless(values, missing)


def _compact(codes: Array, names: Sequence[str]) -> tuple[Array, list[str]]:
    """The same texts by numbers of their own, so that no other table's are among them."""
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(names)))
    renumbered = np.full(len(names) + 1, -1, np.int32)  # the last stands for -1
    renumbered[used] = np.arange(len(used))
    return renumbered[codes], [names[code] for code in used.tolist()]


def _streams(activities: pa.Table) -> pa.Table:
    """One row for each stream that has an activity.

    Without Arrow's ``group_by``, which imports pandas where that is installed.
    """
    names = ("process", "device", "context", "stream")
    keys = [to_numpy(one_chunk(activities[name])) for name in names]
    known = keys[-1] >= 0
    if not known.all():
        keys = [key[known] for key in keys]
    found = _distinct(keys)
    columns = {
        name: Masked.unless(found[:, place], found[:, place] < 0)
        for place, name in enumerate(names)
    }
    return table("streams", columns, len(found))


def _distinct(keys: Sequence[Array]) -> Int64:
    """The different rows of these columns, sorted; shape (m, columns).

    Numbers of rows that lie close together are packed into one.
    """
    if not len(keys[0]):
        return np.zeros((0, len(keys)), np.int64)
    lows = [int(key.min()) for key in keys]
    spans = [int(key.max()) - low + 1 for key, low in zip(keys, lows, strict=True)]
    if math.prod(spans) >= 1 << 62:
        return np.asarray(np.unique(np.stack(keys, axis=1).astype(np.int64), axis=0))
    packed = np.zeros(len(keys[0]), np.int64)
    for key, low, span in zip(keys, lows, spans, strict=True):
        if span > 1:
            packed = packed * span + (key - low)
    found = np.unravel_index(np.unique(packed), spans)
    return np.asarray(np.stack(found, axis=1) + np.array(lows))
