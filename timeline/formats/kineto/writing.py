"""Exporting a trace as Chrome's JSON, for Perfetto, chrome://tracing and tools that read Kineto's.

Everything that events can't hold (the trace's meta, streams, event records, allocations) lies in
the object ``timeline`` beside them, which other readers pass over and ours reads back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from timeline.formats.kineto.decoration import decoration
from timeline.formats.kineto.slices import slices, stamps
from timeline.formats.options import Progress
from timeline.formats.replacing import replacing_file
from timeline.trace import Trace

__all__ = ["BESIDE", "OWN", "write"]

OWN = "timeline"
BESIDE = ("streams", "events", "allocs")
"""Tables that no event holds."""

_JOINED = 1024


def write(trace: Trace, path: Path, progress: Progress | None = None) -> None:
    """Write ``trace`` to ``path``, compressed if that ends in ``.gz``.

    ``progress`` is told how many of the tables' rows have been written.

    Raises
    ------
    OutputError
        When the place can't be written.
    """
    with replacing_file(path) as file:
        file.write(_head(trace).encode())
        separator = "\n"
        rows = sum(map(trace.rows, trace.tables))
        pieces = _joined(chain(slices(trace), stamps(trace), decoration(trace)))
        for number, piece in enumerate(pieces):
            if progress is not None:
                progress(min(number * _JOINED, rows), rows)
            file.write((separator + piece).encode("utf-8", "backslashreplace"))
            separator = ",\n"
        file.write(_tail(trace).encode())


def _joined(events: Iterator[str]) -> Iterator[str]:
    """Many events at a time, to write in few pieces."""
    waiting: list[str] = []
    for one in events:
        waiting.append(one)
        if len(waiting) == _JOINED:
            yield ",\n".join(waiting)
            waiting.clear()
    if waiting:
        yield ",\n".join(waiting)


def _head(trace: Trace) -> str:
    meta = trace.meta
    head: dict[str, Any] = {
        "schemaVersion": 1,
        "deviceProperties": [
            {"id": d.id, "name": d.name, "numSms": d.sm_count, "totalGlobalMem": d.memory_bytes}
            for d in meta.devices
        ],
        OWN: {"meta": meta.to_json(), "tables": {name: _columns(trace, name) for name in BESIDE}},
    }
    if "rank" in meta.labels:
        keys = ("rank", "world_size", "backend")
        head["distributedInfo"] = {k: meta.labels[k] for k in keys if k in meta.labels}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    return "{\n" + ",\n".join(lines) + ',\n  "traceEvents": ['


def _columns(trace: Trace, table: str) -> dict[str, list[Any]]:
    source = trace.tables[table]
    held = [c for c in source.column_names if source[c].null_count < len(source)]
    return {name: source[name].to_pylist() for name in held}


def _tail(trace: Trace) -> str:
    return (
        f'\n  ],\n  "displayTimeUnit": "ns",\n  "baseTimeNanoseconds": {trace.meta.epoch_ns}\n}}\n'
    )
