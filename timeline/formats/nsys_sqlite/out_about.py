"""What an exported file says of itself, of the GPUs, contexts and streams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from timeline import __version__
from timeline.formats.nsys_sqlite.about import META_KEY, SHIFT_KEY
from timeline.formats.nsys_sqlite.out_ids import Ids
from timeline.formats.nsys_sqlite.out_schema import SCHEMA_VERSION
from timeline.formats.nsys_sqlite.words import NONE, STREAM_KINDS
from timeline.trace import Trace

__all__ = ["about"]

_VM = 1
Records = list[Mapping[str, Any]]


def about(trace: Trace, ids: Ids, shift_ns: int, last_ns: int) -> dict[str, Records]:
    """Rows of the tables that describe the capture, by table."""
    meta = trace.meta
    pids = sorted({ids.process(p) for p in _distinct(trace, "process")})
    contexts = _contexts(trace, ids)
    facts = {
        "EXPORT_PRODUCT_NAME": "timeline",
        "EXPORT_PRODUCT_VERSION": __version__,
        "EXPORT_SCHEMA_VERSION": SCHEMA_VERSION,
        META_KEY: json.dumps(meta.to_json(), default=str),
        SHIFT_KEY: str(shift_ns),
    }
    return {
        "META_DATA_EXPORT": [{"name": k, "value": v} for k, v in facts.items()],
        "TARGET_INFO_SESSION_START_TIME": [{"utcEpochNs": meta.epoch_ns - shift_ns}],
        "ANALYSIS_DETAILS": [
            {"globalVid": _VM << 48, "duration": last_ns, "startTime": 0, "stopTime": last_ns}
        ],
        "TARGET_INFO_GPU": _gpus(trace),
        "TARGET_INFO_CUDA_DEVICE": [
            {"gpuId": device, "cudaId": device, "pid": pid}
            for pid in pids
            for device in _devices(trace)
        ],
        "PROCESSES": [{"globalPid": _VM << 48 | pid << 24, "pid": pid} for pid in pids],
        "TARGET_INFO_CUDA_CONTEXT_INFO": [
            {
                "nullStreamId": null,
                "hwId": 0,
                "vmId": _VM,
                "processId": process,
                "deviceId": device,
                "contextId": context,
                "isGreenContext": 0,
            }
            for (process, context), (device, null) in contexts.items()
        ],
        "TARGET_INFO_CUDA_STREAM": _streams(trace, ids),
    }


def _distinct(trace: Trace, name: str) -> set[int | None]:
    tables = ("activities", "calls", "ranges", "streams")
    return {v for table in tables for v in trace.tables[table][name].unique().to_pylist()}


def _devices(trace: Trace) -> list[int]:
    used = trace.tables["activities"]["device"].unique().to_pylist()
    return sorted({device.id for device in trace.meta.devices} | {d for d in used if d is not None})


def _gpus(trace: Trace) -> Records:
    known = {device.id: device for device in trace.meta.devices}
    rows: Records = []
    for number in _devices(trace):
        device = known.get(number)
        major, _, minor = ((device and device.compute_capability) or "").partition(".")
        rows.append(
            {
                "vmId": _VM << 48,
                "id": number,
                "name": device.name if device else f"GPU {number}",
                "busLocation": "",
                "totalMemory": device and device.memory_bytes,
                "smCount": device and device.sm_count,
                "cuDevice": number,
                "asyncEngines": device and device.copy_engines,
                "computeMajor": int(major) if major.isdecimal() else None,
                "computeMinor": int(minor) if minor.isdecimal() else None,
            }
        )
    return rows


def _contexts(trace: Trace, ids: Ids) -> dict[tuple[int, int], tuple[int, int]]:
    """Device and legacy default stream of each context of each process."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for row in trace.tables["streams"].to_pylist():
        key = (ids.process(row["process"]), row["context"] or 0)
        device, null = found.get(key, (row["device"] or 0, NONE))
        legacy = row["kind"] == "legacy" and row["stream"] is not None
        found[key] = (device, row["stream"] if legacy else null)
    return found


def _streams(trace: Trace, ids: Ids) -> Records:
    kinds = {kind: flag for flag, kind in enumerate(STREAM_KINDS)} | {"per_thread": 1}
    return [
        {
            "streamId": row["stream"],
            "hwId": 0,
            "vmId": _VM,
            "processId": ids.process(row["process"]),
            "contextId": row["context"] or 0,
            "priority": None if row["priority"] is None else row["priority"] % 2**32,
            "flag": kinds.get(row["kind"], 0),
        }
        for row in trace.tables["streams"].to_pylist()
        if row["stream"] is not None
    ]
