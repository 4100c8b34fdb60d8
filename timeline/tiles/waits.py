"""Lanes of what held others back: the legacy default stream, and calls that waited for a device."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from timeline.analysis import barriers, host_waits, work_of
from timeline.analysis.work import Work
from timeline.intervals import Int64
from timeline.tiles.layout import Lane, Row
from timeline.tiles.source import Source
from timeline.trace import Trace

__all__ = ["WAITS", "Waits", "orders_streams", "wait_lane"]

WAITS = "waits"
"""Name of the computed table."""

_CALLS = {
    "malloc": "cudaMalloc waited for the device",
    "free": "cudaFree waited for the device",
    "device_synchronize": "the host waited for the device",
}
_HELD = "held by the legacy default stream"
_INTO = "work in the legacy default stream waited"


@dataclass(eq=False, slots=True)
class Waits:
    """Who waited for whom: rows of ``activities`` of each wait, -1 where it is none."""

    waiting: list[int] = field(default_factory=list)
    waited_for: list[int] = field(default_factory=list)


def wait_lane(source: Source, device: int, found: Waits) -> Lane | None:
    """The lane of a device's waits, which are added to ``found``; None without any."""
    if not (_waits_of_host(source.trace) or _has_legacy_stream(source.trace)):
        return None
    work = work_of(source.trace, device)
    words, starts, ends = _waits(work, found)
    if not words:
        return None
    names = list(dict.fromkeys(words))
    codes = np.array([names.index(word) for word in words], np.int32)
    rows = np.arange(len(found.waiting) - len(words), len(found.waiting))
    known = source.names.get(WAITS)
    before = known.to_pylist() if known is not None else []
    numbers = source.add_spans(
        WAITS, starts, ends, codes + len(before), pa.array(before + names, pa.string()), rows
    )
    lanes = tuple(Row((number,)) for number in numbers)
    return Lane(f"gpu{device}/barriers", "barriers", WAITS, "barrier", lanes)


def orders_streams(trace: Trace) -> bool:
    """Whether anything in a trace can have made one stream wait for another."""
    return _has_legacy_stream(trace) or "stream_wait_event" in trace.names("syncs", "kind")


def _has_legacy_stream(trace: Trace) -> bool:
    return "legacy" in trace.names("streams", "kind")


def _waits_of_host(trace: Trace) -> bool:
    return bool(trace.syncs.num_rows or trace.allocs.num_rows)


def _waits(work: Work, found: Waits) -> tuple[list[str], Int64, Int64]:
    """In words, with starts and ends in trace time, ns."""
    legacy, host = barriers(work), host_waits(work)
    words: list[str] = []
    times: list[tuple[int, int]] = []
    if legacy is not None:
        words += [_INTO if into else _HELD for into in legacy.into_legacy.tolist()]
        times += zip(legacy.starts.tolist(), legacy.ends.tolist(), strict=True)
        found.waiting += legacy.waiting.tolist()
        found.waited_for += legacy.waited_for.tolist()
    places = host.waited_for.tolist()
    spans = zip(host.kinds, host.starts.tolist(), host.ends.tolist(), places, strict=True)
    for kind, start, end, place in spans:
        if kind in _CALLS and place >= 0:
            words.append(_CALLS[kind])
            times.append((start, end))
            found.waiting.append(-1)
            found.waited_for.append(int(work.rows[place]))
    both = np.array(times, np.int64).reshape(-1, 2)
    return words, both[:, 0], both[:, 1]
