"""The report of a device as tables of plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timeline.figures.escape import plain

__all__ = [
    "Device",
    "Rows",
    "activity_rows",
    "barrier_rows",
    "busy_engines",
    "engine_rows",
    "host_wait_rows",
    "overlap_rows",
    "pdl_rows",
]

Device = Mapping[str, Any]
Rows = list[dict[str, Any]]

_WAITS = {
    "event_synchronize": "event synchronisation",
    "stream_synchronize": "stream synchronisation",
    "device_synchronize": "device synchronisation",
    "malloc": "cudaMalloc",
    "host_alloc": "cudaHostAlloc",
    "free": "cudaFree",
    "pageable_copy": "copy of pageable memory",
}
_PDL = {
    "gap_ns": "median launch gap, ns",
    "overlap_ns": "median overlap, ns",
    "epilogue_overlap": "epilogue overlap",
    "prologue_overlap": "prologue overlap",
    "wait_after_end_ns": "wait returned after the primary's end, ns",
}

_RATIOS = ("epilogue_overlap", "prologue_overlap")


def busy_engines(device: Device) -> dict[str, Any]:
    """Engines with activities."""
    return {name: row for name, row in device["engines"].items() if row["activities"]}


def engine_rows(device: Device) -> Rows:
    """One row an engine."""
    return [
        {
            "engine": name,
            "busy": found["busy_ratio"],
            "busy ns": found["busy_ns"],
            "activities": found["activities"],
        }
        for name, found in busy_engines(device).items()
    ]


def overlap_rows(device: Device) -> Rows:
    """One row a set of engines that are all used."""
    used = busy_engines(device)
    return [
        {
            "engines": " ∩ ".join(found["engines"]),
            "ratio": found["ratio"],
            "overlap ns": found["overlap_ns"],
        }
        for found in device["overlaps"]
        if all(engine in used for engine in found["engines"])
    ]


def activity_rows(device: Device) -> Rows:
    """One row a name, those with the most time first."""
    return [
        {
            "name": plain(row["name"]),
            "engine": row["engine"],
            "count": row["count"],
            "total ns": row["total_ns"],
            "mean ns": round(row["mean_ns"]),
            "min ns": row["min_ns"],
            "max ns": row["max_ns"],
            "GB/s": row["bytes"] / row["total_ns"] if row["bytes"] and row["total_ns"] else None,
        }
        for row in device["activities"]
    ]


def barrier_rows(device: Device) -> Rows:
    """The longest waits at the legacy default stream: who waited for whom."""
    found = device["barriers"] or {"longest": []}
    return [
        {
            "waited": f"{plain(wait['waiting']['name'])}, stream {wait['waiting']['stream']}",
            "for": f"{plain(wait['waited_for']['name'])}, stream {wait['waited_for']['stream']}",
            "waited ns": wait["waited_ns"],
            "from ns": wait["start_ns"],
        }
        for wait in found["longest"]
    ]


def host_wait_rows(device: Device) -> Rows:
    """One row a kind of call that keeps a host thread."""
    return [
        {
            "call": _WAITS.get(wait["kind"], wait["kind"]),
            "calls": wait["calls"],
            "host blocked ns": wait["blocked_ns"],
            "device idle ns": wait["idle_ns"],
            "outstanding ns": wait["outstanding_ns"],
        }
        for wait in device["host_waits"]
    ]


def pdl_rows(device: Device) -> Rows:
    """Programmatic dependent launches in figures; empty without any."""
    found = device["pdl"]
    if not found:
        return []
    rows = [
        {"figure": "pairs that overlap", "value": f"{found['overlapping']} of {found['pairs']}"}
    ]
    for key, words in _PDL.items():
        if (value := found[key]) is not None:
            text = f"{value:.1%}" if key in _RATIOS else f"{value:,.0f}"
            rows.append({"figure": words, "value": text})
    return rows
