"""Perfetto's own message classes, and an oracle of how its trace processor reads track events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from timeline.formats import ImportOptions, by_name
from timeline.trace import Trace

Write = Callable[[Trace], bytes]


@pytest.fixture(scope="session")
def protos() -> Any:
    """The module of the message classes that Perfetto generates from its ``.proto`` files."""
    pytest.importorskip("google.protobuf")
    return pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Exports a trace."""

    def write(trace: Trace) -> bytes:
        path = tmp_path / "written.perfetto-trace"
        by_name("perfetto").write(trace, path)
        return path.read_bytes()

    return write


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Trace]:
    """Imports bytes."""

    def read(content: bytes, *, lenient: bool = False) -> Trace:
        path = tmp_path / "read.perfetto-trace"
        path.write_bytes(content)
        return by_name("perfetto").read(path, ImportOptions(lenient=lenient))

    return read


@dataclass
class Slice:
    """A slice as the trace processor would have it."""

    track: int
    name: str
    category: str
    start: int
    end: int | None = None
    depth: int = 0
    args: dict[str, Any] = field(default_factory=dict)


@dataclass
class Replay:
    """What the trace processor would make of a file of track events with interned data.

    Packets are taken in order of time, those of one time in the order of the file. A begin is put
    onto its track's stack; an end takes the last one off. A slice that is open when another one of
    its track begins holds it, so one that outlives the slice around it is cut short: that's how
    overlapping slices vanish.
    """

    protos: Any
    slices: list[Slice] = field(default_factory=list)
    instants: list[Slice] = field(default_factory=list)
    tracks: dict[int, Any] = field(default_factory=dict)
    counters: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    flows: list[tuple[Slice, Slice]] = field(default_factory=list)

    def run(self, content: bytes) -> Replay:
        trace = self.protos.Trace.FromString(content)
        texts: dict[tuple[str, int], Any] = {}
        for packet in trace.packet:
            if packet.HasField("track_descriptor"):
                self.tracks[packet.track_descriptor.uuid] = packet.track_descriptor
            for kind in ("event_categories", "event_names", "debug_annotation_names"):
                for one in getattr(packet.interned_data, kind):
                    texts[kind, one.iid] = one.name
            for one in packet.interned_data.debug_annotation_string_values:
                texts["strings", one.iid] = one.str.decode()
        stacks: dict[int, list[Slice]] = defaultdict(list)
        started: dict[int, Slice] = {}
        events = [p for p in trace.packet if p.HasField("track_event")]
        for packet in sorted(events, key=lambda p: int(p.timestamp)):
            self._event(packet, texts, stacks, started)
        assert not any(stacks.values())
        return self

    def _event(self, packet: Any, texts: Any, stacks: Any, started: dict[int, Slice]) -> None:
        event, at = packet.track_event, packet.timestamp
        assert packet.trusted_packet_sequence_id
        assert event.track_uuid in self.tracks
        if event.type == event.TYPE_COUNTER:
            self.counters[event.track_uuid].append((at, event.counter_value))
            return
        stack = stacks[event.track_uuid]
        if event.type == event.TYPE_SLICE_END:
            stack.pop().end = at
            return
        category = [texts["event_categories", iid] for iid in event.category_iids]
        name = texts["event_names", event.name_iid] if event.name_iid else ""
        args = {texts["debug_annotation_names", a.name_iid]: value(a, texts) for a in _args(event)}
        found = Slice(event.track_uuid, name, ",".join(category), at, None, len(stack), args)
        if event.type == event.TYPE_INSTANT:
            self.instants.append(found)
            return
        self.slices.append(found)
        stack.append(found)
        for flow in event.flow_ids:
            assert flow not in started
            started[flow] = found
        for flow in event.terminating_flow_ids:
            self.flows.append((started.pop(flow), found))

    def named(self, label: str) -> list[int]:
        """Tracks of that name."""
        return [uuid for uuid, track in self.tracks.items() if track.name == label]


def _args(event: Any) -> list[Any]:
    found: list[Any] = list(event.debug_annotations)
    return found


def value(annotation: Any, texts: Any) -> Any:
    """Python's value of a debug annotation."""
    kind = annotation.WhichOneof("value")
    if kind is None:
        return [value(one, texts) for one in annotation.array_values]
    if kind == "string_value_iid":
        return texts["strings", annotation.string_value_iid]
    return getattr(annotation, kind)


@pytest.fixture
def replay(protos: Any) -> Callable[[bytes], Replay]:
    """Reads a file as Perfetto's trace processor would."""
    return lambda content: Replay(protos).run(content)
