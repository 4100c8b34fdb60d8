"""What only viewers need: names of lanes, arrows, engines as lanes, and how many are busy."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from timeline.formats.engine_load import busy_engines, engine_unions
from timeline.formats.kineto.launches import Launches
from timeline.formats.kineto.slices import event, us
from timeline.trace import Trace

__all__ = ["ENGINE", "decoration"]

Int64 = npt.NDArray[np.int64]

ENGINE = "engine"


def decoration(trace: Trace) -> Iterator[str]:
    """Events that add nothing to the trace's rows."""
    yield from _names(trace)
    yield from _arrows(trace)
    yield from _engines(trace)


def _describe(what: str, pid: object, tid: object, args: dict[str, object]) -> str:
    return (
        f'  {{\n    "name": "{what}", "ph": "M", "ts": 0.000, "pid": {json.dumps(pid)}, '
        f'"tid": {json.dumps(tid)},\n    "args": {json.dumps(args)}\n  }}'
    )


def _names(trace: Trace) -> Iterator[str]:
    known = {device.id: device.name for device in trace.meta.devices}
    pairs = zip(
        *(trace.column("activities", c).tolist() for c in ("device", "stream")), strict=True
    )
    lanes = dict.fromkeys(pairs)
    for place, device in enumerate(dict.fromkeys(device for device, _ in lanes)):
        label = f"device {device} {known.get(device, '')}".strip()
        yield _describe("process_name", device, 0, {"name": label})
        yield _describe("process_sort_index", device, 0, {"sort_index": 1000 + place})
        engines = f"engines of device {device}"
        yield _describe("process_name", engines, 0, {"name": engines})
        yield _describe("process_sort_index", engines, 0, {"sort_index": 500 + place})
    for device, stream in lanes:
        yield _describe("thread_name", device, stream, {"name": f"stream {stream}"})
    for process in dict.fromkeys(trace.column("calls", "process").tolist()):
        yield _describe("process_name", process, 0, {"name": f"host process {process}"})


def _arrows(trace: Trace) -> Iterator[str]:
    """From each call to what it issued, both ends."""
    calls = {
        name: trace.column("calls", name) for name in ("correlation", "start", "process", "thread")
    }
    rows = Launches(calls).rows_of(trace.column("activities", "correlation"))
    tied = np.flatnonzero(rows >= 0)
    if not len(tied):
        return
    call = rows[tied]
    ends = [calls[name][call].tolist() for name in ("start", "process", "thread")]
    heads = [trace.column("activities", n)[tied].tolist() for n in ("start", "device", "stream")]
    for number, (tail, head) in enumerate(
        zip(zip(*ends, strict=True), zip(*heads, strict=True), strict=True)
    ):
        yield _arrow("s", number, *tail)
        yield _arrow("f", number, *head)


def _arrow(phase: str, number: int, at: int, pid: int, tid: int) -> str:
    more = ', "bp": "e"' if phase == "f" else ""
    return (
        f'  {{\n    "ph": "{phase}", "id": {number}, "pid": {pid}, "tid": {tid}, "ts": {us(at)},\n'
        f'    "cat": "ac2g", "name": "ac2g"{more}\n  }}'
    )


def _engines(trace: Trace) -> Iterator[str]:
    """Of each device: the union of each engine's intervals, and how many engines are busy."""
    for number, unions in engine_unions(trace):
        pid = f"engines of device {number}"
        for name, (first, last) in unions.items():
            for one, other in zip(first.tolist(), last.tolist(), strict=True):
                yield event(ENGINE, "busy", (pid, name), one, other - one, {})
        yield from _counter(pid, *busy_engines(unions))


def _counter(pid: str, times: Int64, counts: Int64) -> Iterator[str]:
    for time, busy in zip(times.tolist(), counts.tolist(), strict=True):
        yield (
            f'  {{\n    "ph": "C", "name": "busy engines", "pid": {json.dumps(pid)}, '
            f'"ts": {us(time)},\n    "args": {{"busy": {busy}}}\n  }}'
        )
