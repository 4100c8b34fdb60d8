"""Files of other writers, made with Perfetto's own message classes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from timeline.errors import TraceError
from timeline.trace import Trace

Read = Callable[..., Trace]


class File:
    """Builds a file packet by packet."""

    def __init__(self, protos: Any) -> None:
        self._protos = protos
        self.trace = protos.Trace()

    def packet(self, at: int | None = None, sequence: int = 1, **more: Any) -> Any:
        packet = self.trace.packet.add(trusted_packet_sequence_id=sequence, **more)
        if at is not None:
            packet.timestamp = at
        return packet

    def thread(self, uuid: int, pid: int, tid: int) -> None:
        track = self.packet().track_descriptor
        track.uuid = uuid
        track.thread.pid, track.thread.tid = pid, tid

    def event(self, at: int, kind: str, track: int | None = 5, **more: Any) -> Any:
        packet_fields = {k: more.pop(k) for k in ("sequence", "timestamp_clock_id") if k in more}
        event = self.packet(at, **packet_fields).track_event
        event.type = getattr(event, f"TYPE_{kind}")
        if track is not None:
            event.track_uuid = track
        for name, value in more.items():
            setattr(event, name, value)
        return event

    def slice(self, start: int, end: int, name: str, **more: Any) -> None:
        self.event(start, "SLICE_BEGIN", name=name, **more)
        self.event(end, "SLICE_END", **more)

    def content(self) -> bytes:
        found: bytes = self.trace.SerializeToString()
        return found


@pytest.fixture
def file(protos: Any) -> File:
    return File(protos)


def ranges(trace: Trace) -> list[tuple[Any, ...]]:
    columns = ("name", "kind", "start", "end", "process", "thread", "domain", "category")
    return [tuple(row[c] for c in columns) for row in trace.tables["ranges"].to_pylist()]


def test_slices_of_threads_and_of_other_tracks(file: File, read: Read) -> None:
    file.thread(5, 10, 11)
    queue = file.packet().track_descriptor
    queue.uuid, queue.name = 6, "queue"
    file.event(1000, "SLICE_BEGIN", name="outer").categories.extend(["a", "b"])
    file.event(1000, "SLICE_BEGIN", name="inner")
    file.event(1500, "INSTANT", name="point")
    file.event(1600, "SLICE_END")
    file.event(1700, "SLICE_END")
    file.slice(1100, 1900, "queued", track=6)
    assert ranges(read(file.content())) == [
        ("outer", "push_pop", 0, 700, 10, 11, None, "a"),
        ("inner", "push_pop", 0, 600, 10, 11, None, None),
        ("queued", "start_end", 100, 900, None, None, "queue", None),
        ("point", "mark", 500, 500, 10, 11, None, None),
    ]


def test_tracks_inherit_thread_and_process(file: File, read: Read) -> None:
    file.thread(5, 10, 11)
    process = file.packet().track_descriptor
    process.uuid, process.process.pid = 7, 12
    for uuid, parent in ((6, 5), (8, 7)):
        child = file.packet().track_descriptor
        child.uuid, child.parent_uuid, child.name = uuid, parent, "child"
    file.slice(1, 2, "of a thread", track=6)
    file.slice(3, 4, "of a process", track=8)
    found = ranges(read(file.content()))
    assert found[0][4:7] == (10, 11, None)
    assert found[1][4:7] == (12, None, "child")


def test_interned_texts_and_defaults_end_when_they_are_cleared(file: File, read: Read) -> None:
    for sequence, names in ((1, ("first", "third")), (2, ("second", "fourth"))):
        for place, name in enumerate(names):
            packet = file.packet(sequence=sequence)
            packet.sequence_flags = packet.SEQ_INCREMENTAL_STATE_CLEARED
            packet.interned_data.event_names.add(iid=1, name=name)
            packet.interned_data.event_categories.add(iid=3, name=f"cat {name}")
            defaults = packet.trace_packet_defaults.track_event_defaults
            defaults.track_uuid = 10 * sequence + place
            file.thread(10 * sequence + place, 100 + sequence, 200 + place)
            at = 10 * sequence + 100 * place
            event = file.event(at, "SLICE_BEGIN", None, sequence=sequence, name_iid=1)
            event.category_iids.append(3)
            file.event(at + 5, "SLICE_END", None, sequence=sequence)
    found = ranges(read(file.content()))
    assert [row[0] for row in found] == ["first", "second", "third", "fourth"]
    assert [row[7] for row in found] == ["cat first", "cat second", "cat third", "cat fourth"]
    assert [row[4:6] for row in found] == [(101, 200), (102, 200), (101, 201), (102, 201)]


def test_clocks_of_their_own_that_count_on(file: File, read: Read, protos: Any) -> None:
    snapshot = file.packet().clock_snapshot
    snapshot.clocks.add(clock_id=protos.BUILTIN_CLOCK_BOOTTIME, timestamp=50_000)
    snapshot.clocks.add(clock_id=protos.BUILTIN_CLOCK_REALTIME, timestamp=1_000_050_000)
    snapshot.clocks.add(clock_id=protos.BUILTIN_CLOCK_MONOTONIC, timestamp=40_000)
    snapshot.clocks.add(clock_id=64, timestamp=40, is_incremental=True, unit_multiplier_ns=1000)
    file.packet().trace_packet_defaults.timestamp_clock_id = 64
    file.event(2, "SLICE_BEGIN", name="counted")  # 52,000
    file.event(3, "SLICE_END")  # 55,000
    file.event(0, "INSTANT", name="at once")
    file.event(51_000, "INSTANT", name="day", timestamp_clock_id=6)
    file.event(43_500, "INSTANT", name="monotonic", timestamp_clock_id=3)  # 53,500
    trace = read(file.content())
    assert [(row[0], row[2], row[3]) for row in ranges(trace)] == [
        ("day", 0, 0),
        ("counted", 1000, 4000),
        ("monotonic", 2500, 2500),
        ("at once", 4000, 4000),
    ]
    assert trace.meta.epoch_ns == 1_000_051_000


def test_clocks_known_through_another_one(file: File, read: Read) -> None:
    first = file.packet().clock_snapshot
    first.clocks.add(clock_id=6, timestamp=1000)
    first.clocks.add(clock_id=3, timestamp=100)
    second = file.packet().clock_snapshot
    second.clocks.add(clock_id=3, timestamp=200)  # 1,100
    second.clocks.add(clock_id=64, timestamp=7)
    file.event(9, "INSTANT", name="a", timestamp_clock_id=64)  # 1,102
    file.event(1100, "INSTANT", name="b")
    assert [(row[0], row[2]) for row in ranges(read(file.content()))] == [("b", 0), ("a", 2)]


def test_a_clock_that_nobody_names_is_flagged(file: File, read: Read) -> None:
    file.event(9, "INSTANT", name="a", timestamp_clock_id=70)
    assert "clock that no snapshot names" in read(file.content()).meta.notes[0]


@pytest.mark.parametrize("how", ["zlib", "zstd"])
def test_compressed_packets_stand_where_they_are(file: File, read: Read, how: str) -> None:
    packet = file.packet()
    packet.interned_data.event_names.add(iid=1, name="inside")
    inner = file.content()
    if how == "zlib":
        packed = file._protos.TracePacket(compressed_packets=zlib.compress(inner))
    else:
        content = pa.Codec("zstd").compress(inner, asbytes=True)
        packed = file._protos.TracePacket(zstd_compressed_packets=content)
    file.trace = file._protos.Trace(packet=[packed])
    file.event(1, "SLICE_BEGIN", name_iid=1)
    file.event(2, "SLICE_END")
    assert [row[0] for row in ranges(read(file.content()))] == ["inside"]
    packed.ClearField("compressed_packets")
    packed.compressed_packets = b"no such stream"
    damaged = file._protos.Trace(packet=[packed]).SerializeToString() + file.content()
    with pytest.raises(TraceError, match=r"byte 2: compressed packets that are damaged"):
        read(damaged)
    assert len(ranges(read(damaged, lenient=True))) == 1


def test_a_bomb_of_packets_stops_early(file: File, read: Read) -> None:
    zeros = zlib.compress(bytes(300 << 20), 9)
    file.trace.packet.add(compressed_packets=zeros)
    with pytest.raises(TraceError, match=r"expand more than 200-fold; .*--max-ratio"):
        read(file.content())


def test_begins_and_ends_without_partner(file: File, read: Read) -> None:
    file.event(1, "SLICE_END")
    file.event(2, "SLICE_BEGIN", name="open")
    file.slice(3, 4, "whole")
    trace = read(file.content())
    assert [row[0] for row in ranges(trace)] == ["whole"]
    assert trace.meta.notes == (
        "Unsound: 1 slices that never end, left out (first at the tracks).",
        "Left aside: 1 ends of slices that began before the file.",
    )


def test_what_has_no_place_is_counted(file: File, read: Read) -> None:
    file.event(1, "COUNTER", counter_value=3)
    file.event(2, "UNSPECIFIED").legacy_event.phase = ord("X")
    file.packet().ftrace_events.cpu = 1
    assert read(file.content()).meta.notes == (
        "Left aside: 1 counter values.",
        "Left aside: 1 track events of an old form.",
        "Left aside: 1 packets of ftrace.",
    )


def test_numbers_of_texts_that_nothing_said(file: File, read: Read) -> None:
    file.event(1, "INSTANT", name_iid=77)
    trace = read(file.content())
    assert ranges(trace)[0][0] is None
    assert "Unsound: 1 texts by number" in trace.meta.notes[0]


@pytest.mark.parametrize("form", ["by SM", "by block"])
def test_lanes_of_flashinfer_are_stamps(file: File, read: Read, form: str) -> None:
    process, child = ("SM_007", "blk12_g{}") if form == "by SM" else ("block_12", "group_{}")
    above = file.packet().track_descriptor
    above.uuid, above.name, above.process.pid = 4, process, 1
    for group in range(2):
        track = file.packet().track_descriptor
        track.uuid, track.parent_uuid, track.name = 5 + group, 4, child.format(group)
    file.slice(1000, 1500, "load")
    file.slice(1200, 1900, "compute", track=6)
    file.event(1300, "INSTANT", track=6, name="barrier")
    trace = read(file.content())
    columns = ("role", "block", "sm", "start", "end", "correlation")
    sm = 7 if form == "by SM" else None
    assert [tuple(row[c] for c in columns) for row in trace.tables["stamps"].to_pylist()] == [
        ("load (group 0)", 12, sm, 0, 500, 1),
        ("compute (group 1)", 12, sm, 200, 900, 1),
        ("barrier (group 1)", 12, sm, 300, 300, 1),
    ]
    (kernel,) = trace.activities.to_pylist()
    assert (kernel["kind"], kernel["start"], kernel["end"]) == ("kernel", 0, 900)
    assert trace.tables["ranges"].num_rows == 0
