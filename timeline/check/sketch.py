"""A timeline small enough to keep in a baseline, and the trace to draw it from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from timeline.analysis import Work, devices, median_repeat, work_of
from timeline.engines import ENGINES
from timeline.intervals import Int64, union
from timeline.trace import Device, Meta, Trace, table

__all__ = ["MOST_BARS", "Sketch", "sketch_of"]

MOST_BARS = 600
"""Activities of a sketch. Of more, the busy stretches of each engine are kept instead, and those
closer than one in so many parts of the makespan become one."""

COLUMNS = ("start", "end", "device", "stream", "engine", "name")
"""Columns of a sketch: ns from the first start, device, stream, and places in its words."""


@dataclass(frozen=True, eq=False, slots=True)
class Sketch:
    """The activities of one repeat.

    Attributes
    ----------
    words : tuple of str
        What ``engine`` and ``name`` are places in.
    columns : mapping of str to numpy.ndarray of int64, shape (n,)
        :data:`COLUMNS`.
    """

    words: tuple[str, ...]
    columns: Mapping[str, Int64]

    def trace(self, source: str, device_names: tuple[str, ...]) -> Trace:
        """As a trace that can be drawn."""
        engine = [self.words[i] for i in self.columns["engine"].tolist()]
        name = [self.words[i] for i in self.columns["name"].tolist()]
        made = table(
            "activities",
            {
                "kind": [_KINDS.get(e, "memcpy") for e in engine],
                "engine": engine,
                "name": name,
                **{key: self.columns[key] for key in ("start", "end", "stream")},
                "device": self.columns["device"].astype(np.int32),
            },
        )
        known = tuple(Device(i, text) for i, text in enumerate(device_names))
        return Trace.from_tables(Meta(source, devices=known), {"activities": made})


_KINDS = {"SM": "kernel", "MEMSET": "memset", "GRAPH": "graph", "HOST": "host_func"}


def sketch_of(trace: Trace) -> Sketch:
    """The repeat of median makespan, or the whole of a trace without repeats."""
    repeat = median_repeat(trace)
    works = [work_of(trace, device, repeat=repeat) for device in devices(trace)]
    works = [work for work in works if len(work.rows)]
    first = min((work.window.start_ns for work in works), default=0)
    if sum(len(work.rows) for work in works) <= MOST_BARS:
        parts = [_activities(work) for work in works]
    else:
        parts = [_stretches(work, name) for work in works for name in work.counts]
    words: dict[str, int] = {}
    columns: dict[str, list[int]] = {key: [] for key in COLUMNS}
    for starts, ends, device, streams, engines, names in parts:
        columns["start"] += (starts - first).tolist()
        columns["end"] += (ends - first).tolist()
        columns["device"] += [device] * len(starts)
        columns["stream"] += streams
        columns["engine"] += [words.setdefault(word, len(words)) for word in engines]
        columns["name"] += [words.setdefault(word, len(words)) for word in names]
    return Sketch(tuple(words), {key: np.array(c, np.int64) for key, c in columns.items()})


Part = tuple[Int64, Int64, int, list[int], list[str], list[str]]


def _activities(work: Work) -> Part:
    words = work.trace.names("activities", "name")
    names = [words[code] if code >= 0 else "" for code in work.column("name").tolist()]
    known = work.engine_codes >= 0
    engines = [ENGINES[code] for code in work.engine_codes[known].tolist()]
    kept = [name for name, keep in zip(names, known.tolist(), strict=True) if keep]
    streams = work.column("stream")[known].tolist()
    return work.starts[known], work.ends[known], work.device, streams, engines, kept


def _stretches(work: Work, engine: str) -> Part:
    starts, ends = work.unions[engine]
    near = work.window.length_ns // MOST_BARS
    starts, ends = union(starts, ends + near)
    count = len(starts)
    return starts, ends - near, work.device, [0] * count, [engine] * count, [engine] * count
