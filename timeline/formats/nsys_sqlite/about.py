"""What an export says of itself, of the GPUs and of the streams."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.errors import TraceError
from timeline.formats.nsys_sqlite.global_ids import process_of
from timeline.formats.nsys_sqlite.rows import Rows, Tables
from timeline.formats.nsys_sqlite.words import STREAM_KINDS
from timeline.trace import Device, Meta, table

__all__ = ["META_KEY", "SHIFT_KEY", "About", "DeviceMap", "gpus", "streams"]

Json = Any

META_KEY = "TIMELINE_META"
"""Key in ``META_DATA_EXPORT`` of what timeline says of a trace that it exported."""
SHIFT_KEY = "TIMELINE_SHIFT_NS"
"""Key of what it added to every time: nsys counts from 1."""

_META = ("META_DATA_EXPORT", "EXPORT_META_DATA")
_CAPTURED = "META_DATA_CAPTURE"
_KEPT = {
    "nsys": "EXPORT_PRODUCT_VERSION",
    "nsys_schema": "EXPORT_SCHEMA_VERSION",
    "exported": "EXPORT_TIME_UTC",
}
_WARNING = 2
_MOST_DIAGNOSTICS = 5
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class About:
    """The capture and its export.

    Attributes
    ----------
    epoch_ns : int
        Unix time of the capture's start, ns; 0 if not told.
    last_ns : int or None
        Length of the capture, ns.
    schema : tuple of int
        Version of the export's schema; empty if not told.
    own : Meta or None
        What timeline, if it wrote the file, said of the trace.
    shift_ns : int
        What it added to every time.
    """

    epoch_ns: int
    last_ns: int | None
    schema: tuple[int, ...]
    provenance: Mapping[str, Json]
    notes: tuple[str, ...]
    own: Meta | None
    shift_ns: int

    @classmethod
    def read(cls, tables: Tables, path: Path) -> About:
        """Read the tables that describe the file."""
        export = _pairs(tables, next((name for name in _META if name in tables), ""))
        captured = _pairs(tables, _CAPTURED)
        provenance = {ours: export[theirs] for ours, theirs in _KEPT.items() if theirs in export}
        if command := captured.get("COMMAND_LINE"):
            provenance["command"] = command
        (epochs,) = tables.values("TARGET_INFO_SESSION_START_TIME", "utcEpochNs")
        (durations,) = tables.values("ANALYSIS_DETAILS", "duration")
        lengths = [int(d) for d in durations if isinstance(d, int) and d > 0]
        shift = export.get(SHIFT_KEY, "")
        schema = export.get("EXPORT_SCHEMA_VERSION", "").split(".")
        return cls(
            epoch_ns=next((int(e) for e in epochs if isinstance(e, int) and 0 < e < 2**63), 0),
            last_ns=max(lengths, default=None),
            schema=tuple(int(part) for part in schema if part.isascii() and part.isdecimal()),
            provenance=provenance,
            notes=_diagnostics(tables),
            own=_own_meta(export.get(META_KEY, ""), str(path)),
            shift_ns=int(shift) if shift.isascii() and shift.isdecimal() and len(shift) < 18 else 0,
        )

    def meta(self, source: str, devices: tuple[Device, ...], notes: tuple[str, ...]) -> Meta:
        """The metadata of a trace with these notes besides the capture's own."""
        epoch_ns, notes = self.epoch_ns + self.shift_ns, (*self.notes, *notes)
        if self.own is not None:
            return dataclasses.replace(self.own, epoch_ns=epoch_ns, notes=(*self.own.notes, *notes))
        return Meta(source, epoch_ns, devices, provenance=self.provenance, notes=notes)


def _pairs(tables: Tables, name: str) -> dict[str, str]:
    names, values = tables.values(name, "name", "value")
    pairs = zip(names, values, strict=True)
    return {str(k): v if k == META_KEY else v[:_LONGEST] for k, v in pairs if isinstance(v, str)}


def _own_meta(text: str, place: str) -> Meta | None:
    """The metadata of a trace that timeline exported; None when it is none of that."""
    try:
        return Meta.from_json(json.loads(text), place) if text else None
    except (ValueError, RecursionError, TraceError):
        return None


def _diagnostics(tables: Tables) -> tuple[str, ...]:
    """What nsys itself warned of, such as lost events."""
    severities, texts = tables.values("DIAGNOSTIC_EVENT", "severity", "text")
    told = [
        " ".join(text.split())[:_LONGEST]
        for severity, text in zip(severities, texts, strict=True)
        if isinstance(severity, int) and severity >= _WARNING and isinstance(text, str)
    ]
    unique = list(dict.fromkeys(told))
    more = len(unique) - _MOST_DIAGNOSTICS
    notes = [f"nsys: {text}" for text in unique[:_MOST_DIAGNOSTICS]]
    return (*notes, *([f"nsys gave {more} more warnings."] if more > 0 else ()))


class DeviceMap:
    """Which GPU the devices of the tables are.

    A process numbers the devices that it sees from 0, so two processes under different
    ``CUDA_VISIBLE_DEVICES`` call different GPUs alike. ``TARGET_INFO_CUDA_DEVICE``, which newer
    files have, tells them apart.
    """

    def __init__(self, tables: Tables) -> None:
        columns = tables.values("TARGET_INFO_CUDA_DEVICE", "pid", "cudaId", "gpuId")
        rows = [row for row in zip(*columns, strict=True) if all(isinstance(n, int) for n in row)]
        self._gpus = {(pid, cuda): gpu for pid, cuda, gpu in rows if 0 <= gpu < 2**31}
        self._moved = any(cuda != gpu for (_, cuda), gpu in self._gpus.items())

    def __call__(self, rows: Rows) -> npt.NDArray[Any] | None:
        """Device of each row; None if the table names none."""
        devices = rows.masked("deviceId", -1)
        if devices is None or not self._moved or "globalPid" not in rows:
            return devices
        moved, processes = rows["deviceId"].copy(), process_of(rows["globalPid"])
        for (process, cuda), gpu in self._gpus.items():
            moved[(processes == process) & (rows["deviceId"] == cuda)] = gpu
        found: npt.NDArray[Any] = np.ma.masked_array(moved, np.ma.getmaskarray(devices))
        return found

    def of(self, process: Any, device: Any) -> Any:
        """The GPU of one device of a process."""
        return self._gpus.get((process, device), device)


def gpus(tables: Tables) -> tuple[Device, ...]:
    """The devices that ``TARGET_INFO_GPU`` lists."""
    wanted = ("id", "name", "computeMajor", "computeMinor", "smCount", "asyncEngines")
    columns = tables.values("TARGET_INFO_GPU", *wanted, "totalMemory")
    found = {}
    for number, name, major, minor, sms, engines, memory in zip(*columns, strict=True):
        if isinstance(number, int) and 0 <= number < 2**31:
            told = isinstance(major, int) and isinstance(minor, int)
            found[number] = Device(
                number,
                str(name or ""),
                f"{major}.{minor}" if told else None,
                _positive(sms),
                _positive(engines),
                _positive(memory),
            )
    return tuple(found[number] for number in sorted(found))


def _positive(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def streams(tables: Tables, devices: DeviceMap) -> pa.Table:
    """Rows of ``streams``, out of what nsys tells of streams and contexts."""
    columns = tables.values(
        "TARGET_INFO_CUDA_CONTEXT_INFO", "processId", "contextId", "deviceId", "nullStreamId"
    )
    older = tables.values(
        "TARGET_INFO_CUDA_NULL_STREAM", "processId", "contextId", "deviceId", "streamId"
    )
    contexts = [*zip(*columns, strict=True), *zip(*older, strict=True)]
    device_of = {(p, c): device for p, c, device, _ in contexts if _are_ids(device)}
    found: dict[tuple[int, int, int], tuple[str | None, int | None]] = {
        (process, context, stream): ("legacy", None)
        for process, context, _, stream in contexts
        if _are_ids(process, context, stream)
    }
    told = tables.values(
        "TARGET_INFO_CUDA_STREAM", "processId", "contextId", "streamId", "flag", "priority"
    )
    for process, context, stream, flag, priority in zip(*told, strict=True):
        key = (process, context, stream)
        if _are_ids(*key):
            kind = found.get(key, (_kind(flag), None))[0]
            found[key] = (kind, _priority(priority))
    rows = [
        {
            "process": process or None,
            "context": context or None,
            "stream": stream,
            "device": devices.of(process, device_of.get((process, context))),
            "kind": kind,
            "priority": priority,
        }
        for (process, context, stream), (kind, priority) in sorted(found.items())
    ]
    names = tuple(rows[0]) if rows else ()
    return table("streams", {name: [row[name] for row in rows] for name in names}, len(rows))


def _are_ids(*numbers: Any) -> bool:
    return all(isinstance(number, int) and 0 <= number < 2**31 for number in numbers)


def _kind(flag: Any) -> str | None:
    known = isinstance(flag, int) and 0 <= flag < len(STREAM_KINDS)
    return STREAM_KINDS[flag] if known else None


def _priority(value: Any) -> int | None:
    """A priority, which nsys stores as unsigned 32 bits."""
    if not isinstance(value, int) or not -(2**31) <= value < 2**32:
        return None
    return value - 2**32 if value >= 2**31 else value
