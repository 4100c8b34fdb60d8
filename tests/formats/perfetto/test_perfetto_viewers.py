"""What Perfetto makes of a file: read with its own message classes, replayed as it replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from timeline.formats import open_trace
from timeline.trace import Meta, Trace, table

ROOT = Path(__file__).parents[3]
PDL = ROOT / "samples" / "pdl" / "pdl"
TORCH = ROOT / "tests" / "data" / "kineto" / "nccl_data.json.gz"

Write = Callable[[Trace], bytes]


def spans(trace: Trace, name: str, shift: int = 0) -> Counter[tuple[int, int]]:
    start, end = trace.column(name, "start") + shift, trace.column(name, "end") + shift
    return Counter(zip(start.tolist(), end.tolist(), strict=True))


def test_kernels_that_overlap_in_their_stream_do_not_vanish(written: Write, replay: Any) -> None:
    trace = open_trace(PDL)
    found = replay(written(trace))
    streams = [u for u, track in found.tracks.items() if track.name.startswith("stream ")]
    assert len(streams) == 2  # of one stream, side by side
    assert len({found.tracks[uuid].name for uuid in streams}) == 1
    assert len({found.tracks[uuid].parent_uuid for uuid in streams}) == 1
    drawn = [s for s in found.slices if s.track in streams]
    shift = drawn[0].start - int(trace.column("activities", "start").min())
    assert Counter((s.start, s.end) for s in drawn) == spans(trace, "activities", shift)
    assert all(s.depth == 0 for s in drawn)
    assert {s.category for s in drawn} == {"kernel", "memcpy"}


def test_every_row_is_a_slice_with_its_times(written: Write, replay: Any) -> None:
    trace = open_trace(TORCH)
    found = replay(written(trace))
    by_category = {
        "calls": {"cuda_runtime", "cuda_driver"},
        "ranges": {"nvtx"},
        "device_ranges": {"gpu_user_annotation"},
        "collectives": {"collective"},
        "activities": {"kernel", "memcpy", "memset"},
    }
    for name, categories in by_category.items():
        drawn = [s for s in (*found.slices, *found.instants) if s.category in categories]
        times = Counter((s.start, s.start if s.end is None else s.end) for s in drawn)
        assert times == spans(trace, name), name


def test_host_threads_are_threads_and_their_ranges_nest(written: Write, replay: Any) -> None:
    trace = open_trace(TORCH)
    found = replay(written(trace))
    threads = {(t.thread.pid, t.thread.tid) for t in found.tracks.values() if t.HasField("thread")}
    owners = [trace.column("calls", c).tolist() for c in ("process", "thread")]
    named = {(p, t) for p, t in zip(*owners, strict=True) if 0 < t < 2**31}
    assert named
    assert threads >= named
    assert max(s.depth for s in found.slices if s.category == "nvtx") > 3
    processes = {t.process.pid for t in found.tracks.values() if t.HasField("process")}
    assert {pid for pid, _ in threads} <= processes


def test_arrows_lead_from_the_call_to_its_kernel(written: Write, replay: Any) -> None:
    trace = open_trace(PDL)
    found = replay(written(trace))
    correlation = trace.column("calls", "correlation").tolist()
    assert len(found.flows) == len(set(trace.column("activities", "correlation").tolist()))
    for call, activity in found.flows:
        assert call.args["correlation"] == activity.args["correlation"]
        assert call.args["correlation"] in correlation
        assert call.start <= activity.start


def test_a_graph_launch_has_an_arrow_to_each_node(written: Write, replay: Any) -> None:
    calls = {"name": ["cudaGraphLaunch"], "start": [0], "end": [5], "correlation": [9]}
    nodes = {
        "kind": ["kernel"] * 70,
        "engine": ["SM"] * 70,
        "start": np.arange(10, 80),
        "end": np.arange(11, 81),
        "correlation": [9] * 70,
    }
    tables = {"calls": table("calls", calls), "activities": table("activities", nodes)}
    found = replay(written(Trace.from_tables(Meta("cupti"), tables)))
    assert [activity.start for _, activity in found.flows] == list(range(10, 74))  # 64 at most


def test_engines_and_how_many_are_busy(written: Write, replay: Any) -> None:
    trace = Trace.from_tables(
        Meta("cupti"),
        {
            "activities": table(
                "activities",
                {
                    "kind": ["kernel", "kernel", "memcpy"],
                    "engine": ["SM", "SM", "H2D"],
                    "device": [0, 0, 0],
                    "stream": [7, 8, 9],
                    "start": [-10, -5, 0],
                    "end": [0, 5, 10],
                },
            )
        },
    )
    found = replay(written(trace))
    engines = {
        label: [(s.start, s.end) for s in found.slices if s.track == found.named(label)[0]]
        for label in ("SM", "H2D")
    }
    assert engines == {"SM": [(0, 15)], "H2D": [(10, 20)]}  # no time is below 0
    (busy,) = found.counters.values()
    assert busy == [(0, 1), (10, 2), (15, 1), (20, 0)]


def test_stamps_lie_below_the_kernel_of_their_block(written: Write, replay: Any) -> None:
    trace = open_trace(PDL)
    found = replay(written(trace))
    stamps = [s for s in found.slices if s.category == "stamp"]
    assert len(stamps) == trace.tables["stamps"].num_rows
    kernels: dict[int, list[Any]] = {}
    for one in found.slices:
        if one.category == "stamped kernel":
            kernels.setdefault(found.tracks[one.track].parent_uuid, []).append(one)
    names = set(trace.names("activities", "name"))
    for stamp in stamps[::97]:
        block = found.tracks[found.tracks[stamp.track].parent_uuid]
        assert block.name.startswith("block ")
        around = kernels[block.parent_uuid]
        assert any(k.start <= stamp.start and stamp.end <= k.end for k in around)
    assert {k.name for group in kernels.values() for k in group} <= names


def test_the_day_is_told(written: Write, protos: Any) -> None:
    trace = open_trace(PDL)
    packets = protos.Trace.FromString(written(trace)).packet
    (snapshot,) = [p.clock_snapshot for p in packets if p.HasField("clock_snapshot")]
    shown = {clock.clock_id: clock.timestamp for clock in snapshot.clocks}
    assert shown[protos.BUILTIN_CLOCK_REALTIME] - shown[protos.BUILTIN_CLOCK_BOOTTIME] == (
        trace.meta.epoch_ns
    )


def test_packets_are_in_order_of_time_and_need_what_was_interned(
    written: Write, protos: Any
) -> None:
    packets = protos.Trace.FromString(written(open_trace(TORCH))).packet
    first = packets[0]
    assert first.sequence_flags == first.SEQ_INCREMENTAL_STATE_CLEARED
    events = [p for p in packets if p.HasField("track_event")]
    times = [p.timestamp for p in events]
    assert times == sorted(times)
    assert all(p.sequence_flags == p.SEQ_NEEDS_INCREMENTAL_STATE for p in events)
    seen_event = False
    for packet in packets:
        seen_event |= packet.HasField("track_event")
        assert not (seen_event and packet.HasField("interned_data"))
