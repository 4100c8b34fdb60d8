"""Rows of a trace as events of Chrome's format, on the lines that Kineto would write them on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from timeline.formats.kineto.categories import COLLECTIVE, INTEGERS, LISTS, SYNC_KINDS, TEXTS
from timeline.formats.nesting import further_lanes
from timeline.trace import Trace

__all__ = ["event", "slices", "stamps", "us"]

Json = dict[str, Any]

_BATCH = 1 << 15
STAMPED = "stamped kernel"
_Slice = tuple[tuple[str, str], str, int, int, Json | None]
"""Owner, name, start, end and arguments; without these it stands around others."""
_WORK = {"kernel": "kernel", "memcpy": "gpu_memcpy", "memset": "gpu_memset"}
_SYNC_NAMES = {kind: name for name, kind in SYNC_KINDS.items()}
_OWN_HOST = ("cpu_op", "user_annotation", "python_function", "overhead", "Trace")
_COLLECTIVE_KEYS = {column: key for key, column in COLLECTIVE.items()}
_KEYS = {
    table: {column: key for key, column in {**keys, **TEXTS.get(table, {})}.items()}
    for table, keys in INTEGERS.items()
}


def us(ns: int) -> str:
    """Ns as µs, exact."""
    whole, rest = divmod(abs(ns), 1000)
    return f"{'-' if ns < 0 else ''}{whole}.{rest:03d}"


def event(
    category: str, name: str, lane: tuple[Any, Any], start: int, lasts: int | None, args: Json
) -> str:
    """One slice; without a length a mark."""
    pid, tid = json.dumps(lane[0]), json.dumps(lane[1])
    phase = "i" if lasts is None else "X"
    more = '"s": "t"' if lasts is None else f'"dur": {us(lasts)}'
    return (
        f'  {{\n    "ph": "{phase}", "cat": {json.dumps(category)}, "name": {json.dumps(name)}, '
        f'"pid": {pid}, "tid": {tid},\n    "ts": {us(start)}, {more},\n'
        f'    "args": {{\n      {json.dumps(args)[1:-1]}\n    }}\n  }}'
    )


def slices(trace: Trace) -> Iterator[str]:
    """The events of every table that events can hold."""
    attached = _Collectives(trace)
    yield from _activities(trace, attached)
    yield from _host(trace, attached)
    yield from _syncs(trace)
    yield from _device_ranges(trace)


def rows_of(trace: Trace, table: str) -> Iterator[Json]:
    """The rows of a table, without the columns that hold nothing."""
    source = trace.tables[table]
    held = [c for c in source.column_names if source[c].null_count < len(source)]
    for batch in source.select(held).to_batches(_BATCH):
        yield from batch.to_pylist()


def _args(table: str, row: Mapping[str, Any]) -> Json:
    keys = _KEYS[table]
    return {
        keys[column]: int(value) if isinstance(value, bool) else value
        for column, value in row.items()
        if column in keys and value is not None
    }


def _lane(name: Any, further: int) -> Any:
    return f"{name} ({further + 1})" if further else name


def _number(value: int | None) -> int:
    return -1 if value is None else value


def _activities(trace: Trace, attached: _Collectives) -> Iterator[str]:
    columns = [
        trace.column("activities", name).tolist() for name in ("process", "device", "stream")
    ]
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    lanes = further_lanes(list(zip(*columns, strict=True)), start, end, nested=False)
    for row, further in zip(rows_of(trace, "activities"), lanes, strict=True):
        args = _args("activities", row)
        args |= {key: row[column] for key, column in LISTS.items() if row.get(column)}
        args |= attached.args("activity", row)
        kind = row.get("kind") or "kernel"
        lane = _number(row.get("device")), _lane(_number(row.get("stream")), further)
        name = row.get("name") or ""
        yield event(
            _WORK.get(kind, kind), name, lane, row["start"], row["end"] - row["start"], args
        )


def _host(trace: Trace, attached: _Collectives) -> Iterator[str]:
    """Calls and ranges, which share the lanes of their threads."""
    tables = ("calls", "ranges")
    owners: list[tuple[int, int]] = []
    for name in tables:
        process, thread = (trace.column(name, c).tolist() for c in ("process", "thread"))
        owners += zip(process, thread, strict=True)
    start, end = (np.concatenate([trace.column(t, c) for t in tables]) for c in ("start", "end"))
    lanes = iter(further_lanes(owners, start, np.maximum(start, end), nested=True))
    for row in rows_of(trace, "calls"):
        yield _call(row, next(lanes))
    for row in rows_of(trace, "ranges"):
        yield _range(row, next(lanes), attached)


def _thread(row: Json, further: int, args: Json) -> tuple[Any, Any]:
    """The lane of a host thread; one that is not the thread's own says the thread in ``args``."""
    thread = _number(row.get("thread"))
    if further:
        args["host thread"] = thread
    return _number(row.get("process")), _lane(thread, further)


def _call(row: Json, further: int) -> str:
    args = _args("calls", {k: row.get(k) for k in ("correlation", "return_code")})
    category = "cuda_driver" if row.get("api") == "driver" else "cuda_runtime"
    lane = _thread(row, further, args)
    return event(
        category, row.get("name") or "", lane, row["start"], row["end"] - row["start"], args
    )


def _range(row: Json, further: int, attached: _Collectives) -> str:
    own = {k: v for k, v in row.items() if k not in ("process", "thread")}
    category = row.get("category")
    plain = category in _OWN_HOST and not any(
        row.get(key) for key in ("kind", "domain", "color", "payload")
    )
    args = _args("ranges", {"stream": row.get("stream")} if plain else own)
    args |= attached.args("host", row)
    lane = _thread(row, further if not plain else 0, args)
    end = row["start"] if row.get("end") is None else row["end"]
    lasts = None if row.get("kind") == "mark" and end == row["start"] else end - row["start"]
    name = row.get("name") or ""
    return event(str(category) if plain else "nvtx", name, lane, row["start"], lasts, args)


def _syncs(trace: Trace) -> Iterator[str]:
    for row in rows_of(trace, "syncs"):
        name = _SYNC_NAMES.get(row.get("kind") or "")
        if name is None:
            continue
        args = {"cuda_sync_kind": name, **_args("syncs", row)}
        lane = _number(row.get("device")), f"syncs {_number(row.get('stream'))}"
        start = row["start"]
        end = start if row.get("end") is None else row["end"]
        yield event("cuda_sync", name, lane, start, end - start, args)


def _device_ranges(trace: Trace) -> Iterator[str]:
    for row in rows_of(trace, "device_ranges"):
        args = _args("device_ranges", row)
        lane = _number(row.get("device")), f"ranges {_number(row.get('stream'))}"
        name, start = row.get("name") or "", row["start"]
        yield event("gpu_user_annotation", name, lane, start, row["end"] - start, args)


class _Collectives:
    """Arguments of collectives, by the activity or range that they belong to."""

    def __init__(self, trace: Trace) -> None:
        self._args: dict[tuple[Any, ...], Json] = {}
        for row in rows_of(trace, "collectives"):
            found = {
                _COLLECTIVE_KEYS[column]: value
                for column, value in row.items()
                if column in _COLLECTIVE_KEYS and value is not None
            }
            self._args[self._key(row.get("origin") or "", row)] = found

    @staticmethod
    def _key(origin: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
        tied = ("device", "stream", "correlation") if origin == "activity" else ("thread",)
        return (origin, row["start"], row["end"], *(row.get(name) for name in tied))

    def args(self, origin: str, row: Mapping[str, Any]) -> Json:
        """Arguments of the collective that a row is; empty if it is none."""
        return self._args.get(self._key(origin, row), {}) if self._args else {}


def stamps(trace: Trace) -> Iterator[str]:
    """Spans inside kernels, block by block, each kernel's around its own."""
    found = [_stamp(row) for row in rows_of(trace, "stamps")]
    spans: dict[tuple[Any, ...], tuple[int, int]] = {}
    for owner, _, start, end, args in found:
        key = owner, (args or {}).get("correlation")
        first, last = spans.get(key, (start, end))
        spans[key] = min(first, start), max(last, end)
    names = _kernel_names(trace) if spans else {}
    around: list[_Slice] = [
        (owner, names.get(correlation, "kernel"), first, last, None)
        for (owner, correlation), (first, last) in spans.items()
    ]
    everything = around + found
    starts, ends = (np.array([one[i] for one in everything], np.int64) for i in (2, 3))
    lanes = further_lanes([one[0] for one in everything], starts, ends, nested=True)
    for (owner, name, start, end, args), further in zip(everything, lanes, strict=True):
        category = STAMPED if args is None else "stamp"
        lane = owner[0], _lane(owner[1], further)
        yield event(category, name, lane, start, end - start, args or {})


def _stamp(row: Json) -> _Slice:
    device, block = (_number(row.get(name)) for name in ("device", "block"))
    owner = f"stamps of device {device}", f"block {block}"
    return owner, row.get("role") or "", row["start"], row["end"], _args("stamps", row)


def _kernel_names(trace: Trace) -> dict[int, str]:
    rows = rows_of(trace, "activities")
    return {r["correlation"]: r.get("name") or "" for r in rows if r.get("correlation") is not None}
