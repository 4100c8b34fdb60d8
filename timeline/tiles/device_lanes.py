"""Lanes of devices: the sets of busy engines, each engine, and in it each stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.engines import ENGINES, GRAPH, HOST
from timeline.intervals import Intervals, measure
from timeline.tiles.busy import busy
from timeline.tiles.codes import packed_codes
from timeline.tiles.coverage import EngineSets, engine_sets
from timeline.tiles.layout import Group, Lane, Row
from timeline.tiles.source import Source
from timeline.tiles.waits import NO_WAITS, Waits, wait_lane
from timeline.trace import Trace

__all__ = ["DeviceTracks", "device_groups"]

_OTHER = "other"
_NEVER_IDLE = (HOST, GRAPH, _OTHER)
"""What is no engine of the hardware waits for nothing."""


@dataclass(eq=False, slots=True)
class DeviceTracks:
    """What devices did.

    Attributes
    ----------
    engines : dict
        Of each device and engine its tracks.
    """

    groups: list[Group]
    sets: dict[int, EngineSets]
    engines: dict[int, dict[str, tuple[int, ...]]]
    waits: Waits = NO_WAITS


@dataclass(frozen=True, slots=True)
class _Stream:
    """A stream of an engine, by the tracks of its chains."""

    label: str
    key: str
    tracks: list[int]


def device_groups(source: Source) -> DeviceTracks:
    """One group a device, ascending."""
    found, waits = DeviceTracks([], {}, {}), NO_WAITS
    every = _streams(source)
    for device in source.devices:
        by_engine = {engine: own for (of, engine), own in every.items() if of == device}
        lanes: list[Lane] = []
        unions: list[tuple[str, Intervals]] = []
        for engine in (*ENGINES, _OTHER):
            if engine in by_engine:
                lane, when = _engine(source, f"gpu{device}", engine, by_engine[engine])
                lanes.append(lane)
                lanes += [_idle(device, engine, lane.label)] if engine not in _NEVER_IDLE else []
                unions += [(engine, when)] if engine != _OTHER else []
        found.sets[device] = engine_sets(unions)
        strips = _strips(device) if len(unions) > 1 else ()
        held_back, waits = wait_lane(source, device, waits)
        lanes += [held_back] if held_back is not None else []
        found.groups.append(Group(_heading(source.trace, device), (*strips, *lanes)))
        found.engines[device] = {
            engine: tuple(number for own in streams for number in own.tracks)
            for engine, streams in by_engine.items()
        }
    found.waits = waits
    return found


def _strips(device: int) -> tuple[Lane, Lane]:
    every, overlap = Row(device=device), Row(device=device, overlap=True)
    return (
        Lane(f"gpu{device}/busy", "engines busy", "engines", "busy", (every,)),
        Lane(f"gpu{device}/overlap", "overlap", "engines", "overlap", (overlap,)),
    )


def _idle(device: int, engine: str, label: str) -> Lane:
    row = Row(device=device, idle=engine)
    return Lane(f"gpu{device}/idle/{engine}", f"{label} idle", "idle", "idle", (row,))


def _heading(trace: Trace, device: int) -> str:
    names = {known.id: known.name for known in trace.meta.devices}
    number = f"GPU {device}" if device >= 0 else "GPU"
    return f"{number} · {names[device]}" if names.get(device) else number


def _streams(source: Source) -> dict[tuple[int, str], list[_Stream]]:
    """Streams of each device and engine that have activities."""
    trace = source.trace
    column = trace.column
    device = column("activities", "device")
    known = source.devices
    if len(known) == 1:
        device = np.where(device < 0, known[0], device)
    parts = [device, _engines(trace)]
    parts += [column("activities", name) for name in ("process", "context", "stream")]
    codes = packed_codes(parts)
    tracks = source.add("activities", codes)
    found: dict[tuple[int, str], list[_Stream]] = {}
    labels = _labels(source)
    for own in tracks.values():
        row = int(source.tracks[own[0]].spans.row[0])
        of, engine, process, context, stream = (int(part[row]) for part in parts)
        name = ENGINES[engine] if engine >= 0 else _OTHER
        label = labels.get((of, stream), "") or f"stream {stream}"
        key = f"{process}.{context}.{stream}"
        found.setdefault((of, name), []).append(_Stream(label, key, own))
    return found


def _engines(trace: Trace) -> npt.NDArray[np.int8]:
    """Index into ``ENGINES`` of each activity's engine, -1 for one that is not known."""
    names = trace.names("activities", "engine")
    known = [ENGINES.index(name) if name in ENGINES else -1 for name in names]
    codes = np.array([*known, -1], np.int8)  # null is code -1: the last
    found: npt.NDArray[np.int8] = codes[trace.column("activities", "engine")]
    return found


def _labels(source: Source) -> Mapping[tuple[int, int], str]:
    """Names of streams by device, as far as the trace tells."""
    table = source.trace.tables["streams"]
    columns = [table[c].to_pylist() for c in ("device", "stream", "kind", "name")]
    found = {}
    for device, stream, kind, name in zip(*columns, strict=True):
        fixed = {"legacy": "legacy default stream", "per_thread": f"per-thread stream {stream}"}
        for of in source.devices if device is None else (device,):
            found[of, stream] = fixed.get(kind) or name or ""
    return found


def _engine(
    source: Source, prefix: str, engine: str, streams: list[_Stream]
) -> tuple[Lane, Intervals]:
    """An engine's lane and when it was busy."""
    label = {"HOST": "host func"}.get(engine, engine)
    parts = [
        Lane(
            f"{prefix}/{engine}/{own.key}",
            own.label,
            "activities",
            engine,
            tuple(Row((number,)) for number in own.tracks),
        )
        for own in streams
    ]
    when = _busy(source, [number for own in streams for number in own.tracks])
    apart = measure(*when) == sum(_busy_ns(source, own.tracks) for own in streams)
    rows = _shared(streams) if apart else [row for part in parts for row in part.rows]
    inner = tuple(parts) if len(parts) > 1 else ()
    return Lane(f"{prefix}/{engine}", label, "activities", engine, tuple(rows), inner), when


def _busy_ns(source: Source, tracks: list[int]) -> int:
    """Time that a stream was busy; a chain's spans don't overlap."""
    if len(tracks) > 1:
        return measure(*_busy(source, tracks))
    spans = source.tracks[tracks[0]].spans
    return int((spans.end - spans.start).sum())


def _busy(source: Source, tracks: list[int]) -> Intervals:
    return busy([source.tracks[number].spans for number in tracks])


def _shared(streams: list[_Stream]) -> list[Row]:
    """Streams that never run at once: their first chains in one row, their second in another."""
    most = max(len(own.tracks) for own in streams)
    return [
        Row(tuple(own.tracks[chain] for own in streams if chain < len(own.tracks)))
        for chain in range(most)
    ]
