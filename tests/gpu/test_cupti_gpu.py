"""The CUPTI collector on a real device."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from timeline.backends.cuda.collector import Collected
from timeline.backends.cuda.cupti import CuptiCollector
from timeline.trace import Meta, Trace

pytestmark = pytest.mark.gpu

SPIN = r"""
extern "C" __global__ void spin(long long ns) {
    unsigned long long start, now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(start));
    do { asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now)); } while (now - start < ns);
}
"""


@pytest.fixture
def cp() -> Iterator[Any]:
    cupy = pytest.importorskip("cupy")
    cupy.zeros(1)  # a context
    yield cupy
    cupy.cuda.Device().synchronize()


@pytest.fixture
def spin(cp: Any) -> Any:
    kernel = cp.RawKernel(SPIN, "spin")
    kernel((1,), (32,), (1_000,))
    cp.cuda.Device().synchronize()
    return kernel


def traced(collected: Collected) -> Trace:
    return Trace.from_tables(Meta("cupti", dropped=collected.dropped), collected.tables)


def rows(trace: Trace, table: str, **wanted: Any) -> list[dict[str, Any]]:
    found = trace.tables[table].to_pylist()
    return [row for row in found if all(row[k] == v for k, v in wanted.items())]


def test_a_kernel_is_timed_described_and_tied_to_its_call(cp: Any, spin: Any) -> None:
    collector = CuptiCollector()
    stream = cp.cuda.Stream(non_blocking=True)
    collector.start()
    before = collector.timestamp()
    with stream:
        spin((3, 2), (64,), (200_000,), shared_mem=1024)
    stream.synchronize()
    after = collector.timestamp()
    number = collector.stream_id(stream.ptr)
    trace = traced(collector.stop())
    (kernel,) = rows(trace, "activities", name="spin")
    assert 190_000 < kernel["end"] - kernel["start"] < 400_000
    assert before < kernel["start"] < kernel["end"] < after
    assert (kernel["grid"], kernel["block"]) == ([3, 2, 1], [64, 1, 1])
    assert (kernel["dynamic_shared"], kernel["stream"]) == (1024, number)
    calls = rows(trace, "calls", correlation=kernel["correlation"])
    assert len(calls) == 1, calls
    assert "Launch" in calls[0]["name"]
    assert calls[0]["thread"] == threading.get_native_id()
    assert calls[0]["start"] < kernel["start"]


def test_every_activity_has_a_call_and_no_call_comes_twice(cp: Any, spin: Any) -> None:
    collector = CuptiCollector()
    collector.start()
    for _ in range(200):
        spin((1,), (32,), (1_000,))
        cp.zeros(1024).sum()
    cp.cuda.Device().synchronize()
    trace = traced(collector.stop())
    calls = trace.column("calls", "correlation").tolist()
    assert len(calls) == len(set(calls))
    missing = set(trace.column("activities", "correlation").tolist()) - set(calls)
    assert not missing
    assert trace.meta.dropped == 0


def test_copies_have_direction_bytes_and_memory_kinds(cp: Any) -> None:
    count = 1 << 20
    device = cp.empty(count, cp.uint8)
    pinned = cp.cuda.alloc_pinned_memory(count)
    pageable = bytearray(count)
    host = ctypes.addressof(ctypes.c_char.from_buffer(pageable))
    collector = CuptiCollector()
    collector.start()
    runtime, pointer = cp.cuda.runtime, device.data.ptr
    runtime.memcpy(pointer, pinned.ptr, count, 1)
    runtime.memcpy(host, pointer, count, 2)
    runtime.memset(pointer, 0, count)
    cp.cuda.Device().synchronize()
    trace = traced(collector.stop())
    (up,) = rows(trace, "activities", copy_kind="HtoD")
    assert (up["engine"], up["bytes"], up["src_kind"]) == ("H2D", count, "pinned")
    (down,) = rows(trace, "activities", copy_kind="DtoH")
    assert (down["engine"], down["dst_kind"]) == ("D2H", "pageable")
    (fill,) = rows(trace, "activities", kind="memset")
    assert (fill["engine"], fill["bytes"]) == ("MEMSET", count)


def test_streams_events_syncs_and_allocations_are_told(cp: Any) -> None:
    collector = CuptiCollector()
    older = cp.cuda.Stream(non_blocking=True)
    collector.start()
    stream = cp.cuda.Stream()
    ids = collector.stream_id(older.ptr), collector.stream_id(stream.ptr), collector.stream_id(0)
    event = cp.cuda.Event()
    event.record(stream)
    older.wait_event(event)
    stream.synchronize()
    event.synchronize()
    cp.cuda.Device().synchronize()
    pointer = cp.cuda.runtime.malloc(1 << 20)
    cp.cuda.runtime.free(pointer)
    trace = traced(collector.stop())
    kinds = {row["stream"]: row["kind"] for row in rows(trace, "streams")}
    assert [kinds.get(i) for i in ids] == ["non_blocking", "blocking", "legacy"]
    assert {row["kind"] for row in rows(trace, "syncs")} >= {
        "stream_wait_event",
        "stream_synchronize",
        "event_synchronize",
    }
    assert len(rows(trace, "events", stream=ids[1])) == 1
    made = rows(trace, "allocs", kind="malloc", bytes=1 << 20)
    assert len(made) == 1
    assert made[0]["end"] > made[0]["start"]
    assert rows(trace, "allocs", kind="free", address=made[0]["address"])
    assert collector.devices[0].sm_count == cp.cuda.Device().attributes["MultiProcessorCount"]


def test_nodes_of_a_graph_from_before_the_recording(cp: Any, spin: Any) -> None:
    stream = cp.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        for _ in range(5):
            spin((1,), (32,), (1_000,))
        graph = stream.end_capture()
        graph.launch(stream)
        stream.synchronize()
    collector = CuptiCollector()
    collector.start()
    for _ in range(3):
        graph.launch(stream)
    stream.synchronize()
    found = rows(traced(collector.stop()), "activities", kind="kernel")
    assert len(found) == 15
    assert len({row["correlation"] for row in found}) == 3


def test_events_are_recorded_in_every_session_of_a_process(cp: Any) -> None:
    for _ in range(5):
        collector = CuptiCollector()
        collector.start()
        stream, event = cp.cuda.Stream(), cp.cuda.Event()
        event.record(stream)
        stream.synchronize()
        assert len(rows(traced(collector.stop()), "events")) == 1


def test_a_million_kernels_lose_none_and_drains_split_them(cp: Any, spin: Any) -> None:
    stream = cp.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        for _ in range(100):
            spin((1,), (32,), (0,))
        graph = stream.end_capture()
    collector = CuptiCollector(calls="none")
    collector.start()
    drained = 0
    for round_ in range(10_000):
        graph.launch(stream)
        if round_ % 2_000 == 1_999:
            drained += collector.drain().tables["activities"].num_rows
    stream.synchronize()
    collected = collector.stop()
    assert collected.dropped == 0
    assert drained + collected.tables["activities"].num_rows == 1_000_000


def test_unix_time_is_within_a_millisecond() -> None:
    collector = CuptiCollector()
    collector.start()
    before, now, after = time.time_ns(), collector.timestamp(), time.time_ns()
    collected = collector.stop()
    assert before - 1_000_000 < now + collected.unix_offset_ns < after + 1_000_000
