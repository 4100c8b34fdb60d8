"""The lanes of a Program's streams, linked by the rules that put one stream after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from timeline.program.clocks import Host, Lane
from timeline.program.handles import Stream, StreamKind

__all__ = ["lanes_of", "share_pending"]

_BLOCKING = (StreamKind.BLOCKING, StreamKind.PER_THREAD)


def lanes_of(hosts: Sequence[Host], used: Sequence[Mapping[int, Stream]]) -> list[dict[int, Lane]]:
    """Of each host thread, its lane in each stream that it uses, linked by the streams' rules."""
    index = len(hosts)
    lanes: list[dict[int, Lane]] = []
    for host, streams in zip(hosts, used, strict=True):
        lanes.append({})
        for stream in streams.values():
            lanes[-1][stream.id] = Lane(index, stream, host, kept=len(hosts) > 1)
            index += 1
    everything = [lane for mine in lanes for lane in mine.values()]
    legacy = [lane for lane in everything if lane.stream.kind is StreamKind.LEGACY]
    blocking = [lane for lane in everything if lane.stream.kind in _BLOCKING]
    for lane in legacy:
        for other in blocking:
            if lane.stream.device == other.stream.device:
                _link(lane, other)
    if len(hosts) > 1:
        _link_threads(everything)
    return lanes


def share_pending(lanes: Iterable[Lane]) -> dict[int, dict[Lane, None]]:
    """One set of pending lanes a device, shared by the lanes of a thread."""
    pending: dict[int, dict[Lane, None]] = {}
    for lane in lanes:
        lane.pending = pending.setdefault(lane.stream.device, {})
    return pending


def _link(legacy: Lane, blocking: Lane) -> None:
    if legacy.host is blocking.host:
        blocking.legacy = legacy
    else:
        legacy.others.append(blocking)
        blocking.others.append(legacy)


def _link_threads(lanes: Sequence[Lane]) -> None:
    """Lanes of different threads in one stream know each other's past."""
    by_stream: dict[int, list[Lane]] = {}
    for lane in lanes:
        if lane.stream.kind is not StreamKind.PER_THREAD:
            by_stream.setdefault(lane.stream.id, []).append(lane)
    for same in by_stream.values():
        for lane in same:
            lane.others.extend(other for other in same if other is not lane)
