"""Spans without a category, as JAX and XLA write them: the name of their lane tells what they are.

XLA names a process after the device (``/device:GPU:0``) and a lane after the stream
(``Stream #14(Compute)``); its other lanes of a device (``XLA Ops``, ``XLA Modules``, ``Steps``)
repeat the same time under other names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from timeline.formats.kineto.event import Event, Loose, Row

__all__ = ["lane_names", "row_of_lane"]

_DEVICE = re.compile(r"/device:GPU:(\d{1,6})\b")
_STREAM = re.compile(r"Stream #(\d{1,9})")
_COPY = re.compile(r"[Mm]emcpy ?(H2D|D2H|D2D|P2P|H2H)")
_CALL = re.compile(r"cu(da)?[A-Z]\w*")
_DETAIL = re.compile(r"(\w+):([\w,]+)")
_ENDS = re.compile(r"kind_src:(\w+) kind_dst:(\w+) size:(\d{1,18})")

Lanes = Mapping[tuple[str, str], str]


def lane_names(described: Iterable[Event]) -> dict[tuple[str, str], str]:
    """Names of processes, under ``(pid, "")``, and of lanes, under ``(pid, tid)``."""
    found = {}
    for event in described:
        args = event.get("args")
        name = args.get("name") if isinstance(args, dict) else None
        if not isinstance(name, str):
            continue
        if event.get("name") == "process_name":
            found[str(event.get("pid")), ""] = name
        elif event.get("name") == "thread_name":
            found[str(event.get("pid")), str(event.get("tid"))] = name
    return found


def row_of_lane(span: Loose, lanes: Lanes) -> Row:
    """What a span without a category is."""
    process = lanes.get((str(span.pid), ""), "")
    lane = lanes.get((str(span.pid), str(span.tid)), "")
    columns: dict[str, Any] = {"name": span.name, "start": span.start, "end": span.end}
    device, stream = _DEVICE.search(process), _STREAM.match(lane)
    if device is None:
        return _of_host(span, lane, columns)
    columns["device"] = int(device[1])
    if stream is None:
        return Row("device_ranges", columns | {"category": lane or "none"})
    columns |= {"stream": int(stream[1]), **_correlation(span.args)}
    return Row("activities", columns | _work(span))


def _of_host(span: Loose, lane: str, columns: dict[str, Any]) -> Row:
    numbers = {"process": span.pid, "thread": span.tid}
    columns |= {k: n for k, n in numbers.items() if type(n) is int and 0 <= n < 2**62}
    if _CALL.fullmatch(span.name):
        api = "runtime" if span.name.startswith("cuda") else "driver"
        return Row("calls", columns | {"api": api, **_correlation(span.args)})
    return Row("ranges", columns | {"category": lane or "none"})


def _correlation(args: Event) -> dict[str, int]:
    value = str(args.get("correlation_id", ""))
    return {"correlation": int(value)} if value.isdecimal() and len(value) < 19 else {}


def _work(span: Loose) -> dict[str, Any]:
    copy = _COPY.match(span.name)
    if copy is None:
        if span.name.lower().startswith("memset"):
            return {"kind": "memset"}
        return {"kind": "kernel", **_launch(str(span.args.get("kernel_details", "")))}
    source, target = copy[1].split("2")
    # the words that Kineto uses, from which the tables read the direction
    kinds = _ENDS.search(str(span.args.get("memcpy_details", "")))
    found: dict[str, Any] = {"kind": "memcpy", "name": f"Memcpy {source}to{target}"}
    if kinds is not None:
        found["name"] += f" ({kinds[1].capitalize()} -> {kinds[2].capitalize()})"
        found["bytes"] = int(kinds[3])
    return found


def _launch(details: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in _DETAIL.findall(details):
        numbers = [int(one) for one in value.split(",") if one.isdecimal() and len(one) < 10]
        if key in ("grid", "block") and len(numbers) == 3:
            found[key] = tuple(numbers)
        elif key == "regs" and len(numbers) == 1:
            found["registers"] = numbers[0]
        elif key in ("static_shared", "dynamic_shared") and len(numbers) == 1:
            found[key] = numbers[0]
    return found
