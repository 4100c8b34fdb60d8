from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from timeline.backends.cuda.cupti.decoder import Decoder
from timeline.trace import Trace
from timeline.trace.meta import Meta

MEMCPY, MEMSET, DRIVER, RUNTIME, DEVICE, CONTEXT, KERNEL = 1, 2, 4, 5, 8, 9, 10
MARKER, MARKER_DATA, MEMCPY2, EVENT, STREAM, SYNC, MEMORY = 12, 13, 22, 36, 37, 38, 49
GRAPH = 51
NONE = -1  # all bits set

Decode = Callable[..., dict[str, Any]]


def text(value: str) -> tuple[Any, int]:
    """A C string, and its address; keep the first for as long as the second is used."""
    buffer = ctypes.create_string_buffer(value.encode())
    return buffer, ctypes.addressof(buffer)


def rows(tables: dict[str, Any], name: str) -> list[dict[str, Any]]:
    trace = Trace.from_tables(Meta("cupti"), {name: tables[name]})
    found: list[dict[str, Any]] = trace.tables[name].to_pylist()
    return found


def test_a_kernel_has_all_that_cupti_says(decode: Decode) -> None:
    keep, name = text("_Z5saxpyfPfS_")
    tables = decode(
        [
            (
                KERNEL,
                {
                    "name": name,
                    "start": 100,
                    "end": 250,
                    "deviceId": 1,
                    "contextId": 2,
                    "streamId": 13,
                    "correlationId": 77,
                    "grid": (4, 5, 6),
                    "block": (128, 2, 1),
                    "cluster": (2, 1, 1),
                    "registersPerThread": 40,
                    "staticSharedMemory": 1024,
                    "dynamicSharedMemory": 2048,
                    "launchType": 1,
                    "graphId": 3,
                    "graphNodeId": 2**40,
                    "queued": 90,
                },
            )
        ]
    )
    (row,) = rows(tables, "activities")
    assert row["name"] == "saxpy(float, float*, float*)"
    assert (row["kind"], row["engine"]) == ("kernel", "SM")
    assert (row["start"], row["end"], row["queued"], row["submitted"]) == (100, 250, 90, None)
    assert (row["device"], row["context"], row["stream"]) == (1, 2, 13)
    assert (row["correlation"], row["graph"], row["graph_node"]) == (77, 3, 2**40)
    assert (row["grid"], row["block"], row["cluster"]) == ([4, 5, 6], [128, 2, 1], [2, 1, 1])
    assert (row["registers"], row["static_shared"], row["dynamic_shared"]) == (40, 1024, 2048)
    assert row["cooperative"] is True
    assert row["pdl"] is None
    del keep


def test_names_that_are_the_same_text_are_one_name(decode: Decode) -> None:
    first, second = text("spin"), text("spin")
    kernel = {"start": 1, "end": 2}
    tables = decode(
        [(KERNEL, {**kernel, "name": first[1]}), (KERNEL, {**kernel, "name": second[1]})]
    )
    trace = Trace.from_tables(Meta("cupti"), {"activities": tables["activities"]})
    assert trace.names("activities", "name") == ["spin"]
    assert trace.column("activities", "name").tolist() == [0, 0]


def test_a_name_whose_memory_is_gone_is_said_to_be_lost(decode: Decode) -> None:
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    memory.close()
    (row,) = rows(decode([(KERNEL, {"start": 1, "end": 2, "name": address})]), "activities")
    assert row["name"] == "[name lost]"


def test_a_long_name_over_several_pages_is_read_whole(decode: Decode) -> None:
    keep, address = text("k" * 10_000)
    (row,) = rows(decode([(KERNEL, {"start": 1, "end": 2, "name": address})]), "activities")
    assert row["name"] == "k" * 10_000
    del keep


def test_kernels_without_clusters_have_clusters_of_one(decode: Decode) -> None:
    tables = decode([(KERNEL, {"start": 1, "end": 2})])
    (row,) = rows(tables, "activities")
    assert row["cluster"] == [1, 1, 1]
    assert row["name"] == "[unnamed kernel]"


def test_activities_without_times_are_counted_and_left_out(
    decode: Decode, decoder: Decoder
) -> None:
    tables = decode([(KERNEL, {}), (KERNEL, {"start": 1, "end": 2}), (MEMSET, {"start": 5})])
    assert len(rows(tables, "activities")) == 1
    assert decoder.untimed == 2
    assert "2 activities came without times" in decoder.notes()[0]


@pytest.mark.parametrize(
    ("copy", "src", "dst", "expected"),
    [
        (1, 1, 3, ("HtoD", "H2D", "pageable", "device")),
        (2, 3, 2, ("DtoH", "D2H", "device", "pinned")),
        (8, 3, 3, ("DtoD", "D2D", "device", "device")),
        (3, 2, 4, ("HtoD", "H2D", "pinned", "array")),
        (9, 1, 2, ("HtoH", "HOST", "pageable", "pinned")),
        (0, 2, 5, ("HtoD", "H2D", "pinned", "managed")),
        (0, 5, 1, ("DtoH", "D2H", "managed", "pageable")),
        (0, 200, 200, ("DtoD", "D2D", "unknown", "unknown")),
        (99, 3, 3, ("DtoD", "D2D", "device", "device")),
    ],
)
def test_copies_go_to_the_engine_of_their_direction(
    decode: Decode, copy: int, src: int, dst: int, expected: tuple[str, ...]
) -> None:
    fields = {"start": 1, "end": 2, "bytes": 4096, "copyKind": copy, "srcKind": src, "dstKind": dst}
    (row,) = rows(decode([(MEMCPY, fields)]), "activities")
    assert (row["copy_kind"], row["engine"], row["src_kind"], row["dst_kind"]) == expected
    assert row["bytes"] == 4096


def test_peer_copies_name_both_devices(decode: Decode) -> None:
    fields = {"start": 1, "end": 2, "copyKind": 10, "srcDeviceId": 0, "dstDeviceId": 3}
    (row,) = rows(decode([(MEMCPY2, fields)]), "activities")
    assert (row["copy_kind"], row["engine"]) == ("PtoP", "P2P")
    assert (row["src_device"], row["dst_device"]) == (0, 3)


def test_fills(decode: Decode) -> None:
    tables = decode([(MEMSET, {"start": 1, "end": 2, "memoryKind": 3, "bytes": 64})])
    assert [(r["kind"], r["engine"]) for r in rows(tables, "activities")] == [("memset", "MEMSET")]


def test_driver_calls_made_by_runtime_calls_are_dropped(decode: Decode) -> None:
    outer = {"cbid": 211, "start": 10, "end": 30, "threadId": 5, "correlationId": 1}
    inner = {"cbid": 307, "start": 15, "end": 25, "threadId": 5, "correlationId": 1}
    alone = {"cbid": 307, "start": 40, "end": 45, "threadId": 5, "correlationId": 2}
    other_thread = {**inner, "threadId": 6, "correlationId": 3}
    tables = decode([(DRIVER, inner), (RUNTIME, outer), (DRIVER, alone), (DRIVER, other_thread)])
    assert [(r["api"], r["name"], r["correlation"]) for r in rows(tables, "calls")] == [
        ("runtime", "cudaLaunchKernel", 1),
        ("driver", "cuLaunchKernel", 2),
        ("driver", "cuLaunchKernel", 3),
    ]


def test_an_inner_call_is_dropped_when_the_outer_one_comes_a_drain_later(decode: Decode) -> None:
    outer = {"cbid": 211, "start": 10, "end": 30, "threadId": 5, "correlationId": 1}
    inner = {"cbid": 307, "start": 15, "end": 25, "threadId": 5, "correlationId": 1}
    assert rows(decode([(DRIVER, inner)], last=False), "calls") == []
    assert [r["api"] for r in rows(decode([(RUNTIME, outer)]), "calls")] == ["runtime"]


def test_calls_of_a_thread_that_uses_the_driver_alone_come_in_the_end(decode: Decode) -> None:
    call = {"cbid": 307, "start": 15, "end": 25, "threadId": 5, "correlationId": 1}
    found = [rows(decode([(DRIVER, call)], last=False), "calls")]
    found += [rows(decode([], last=False), "calls"), rows(decode([]), "calls")]
    assert sum(map(len, found)) == 1


def test_version_suffixes_are_left_out_and_per_thread_ones_stay(decode: Decode) -> None:
    tables = decode(
        [
            (DRIVER, {"cbid": 30, "correlationId": 1}),
            (RUNTIME, {"cbid": 131}),
            (RUNTIME, {"cbid": 999}),
        ]
    )
    assert {r["name"] for r in rows(tables, "calls")} == {
        "cuMemcpyHtoD_ptds",
        "cudaStreamSynchronize",
        "callback 999",
    }


def test_synchronisations_know_thread_and_device(decode: Decode) -> None:
    tables = decode(
        [
            (CONTEXT, {"contextId": 4, "deviceId": 2, "nullStreamId": 7}),
            (RUNTIME, {"cbid": 131, "threadId": 99, "correlationId": 8, "start": 1, "end": 9}),
            (SYNC, {"type": 3, "contextId": 4, "streamId": 7, "correlationId": 8,
                    "cudaEventId": NONE, "start": 2, "end": 9}),
            (SYNC, {"type": 4, "contextId": 4, "streamId": NONE, "correlationId": 9,
                    "cudaEventId": NONE, "start": 10, "end": 11}),
            (SYNC, {"type": 2, "contextId": 5, "streamId": 8, "correlationId": 9,
                    "cudaEventId": 3, "start": 12, "end": 12}),
            (SYNC, {"type": 0}),
        ]
    )  # fmt: skip
    stream, device, wait = rows(tables, "syncs")
    assert (stream["kind"], stream["device"], stream["thread"]) == ("stream_synchronize", 2, 99)
    assert (stream["stream"], stream["event"]) == (7, None)
    assert (device["kind"], device["stream"], device["thread"]) == (
        "device_synchronize",
        None,
        None,
    )
    assert (wait["kind"], wait["event"], wait["device"]) == ("stream_wait_event", 3, None)


def test_streams_say_how_they_synchronise(decode: Decode, decoder: Decoder) -> None:
    decode(
        [
            (CONTEXT, {"contextId": 4, "deviceId": 2, "nullStreamId": 7}),
            (STREAM, {"contextId": 4, "streamId": 7, "flag": 3}),
            (STREAM, {"contextId": 4, "streamId": 13, "flag": 1}),
            (STREAM, {"contextId": 4, "streamId": 14, "flag": 2, "priority": -5}),
            (STREAM, {"contextId": 4, "streamId": 14, "flag": 2, "priority": -5}),
            (STREAM, {"contextId": 9, "streamId": 15, "flag": 1}),
        ]
    )
    found = [
        (r["stream"], r["kind"], r["priority"], r["device"])
        for r in decoder.contexts.streams().to_pylist()
    ]
    assert found == [
        (7, "legacy", 0, 2),
        (13, "blocking", 0, 2),
        (14, "non_blocking", -5, 2),
        (15, "blocking", 0, None),
    ]


def test_devices_are_described(decode: Decode, decoder: Decoder) -> None:
    keep, name = text("NVIDIA H200")
    record = {
        "id": 1,
        "name": name,
        "computeCapabilityMajor": 9,
        "numMultiprocessors": 132,
        "numMemcpyEngines": 3,
        "globalMemorySize": 141 << 30,
    }
    decode([(DEVICE, record)])
    (device,) = decoder.contexts.devices
    assert (device.id, device.name, device.compute_capability) == (1, "NVIDIA H200", "9.0")
    assert (device.sm_count, device.copy_engines, device.memory_bytes) == (132, 3, 141 << 30)
    del keep


def test_event_times_off_the_clock_are_left_out_and_said(decode: Decode, decoder: Decoder) -> None:
    event = {"contextId": 4, "streamId": 7, "correlationId": 1, "deviceId": 2}
    tables = decode(
        [
            (EVENT, {**event, "eventId": 5, "deviceTimestamp": 500}),
            (EVENT, {**event, "eventId": 6, "deviceTimestamp": 0}),
            (EVENT, {**event, "eventId": 7, "deviceTimestamp": 10**15}),
        ],
        now=1000,
    )
    assert [(r["event"], r["timestamp"], r["device"]) for r in rows(tables, "events")] == [
        (5, 500, 2),
        (6, None, 2),
        (7, None, 2),
    ]
    assert any("not on CUPTI's clock" in note for note in decoder.notes())


def test_allocations_have_the_span_of_their_call(decode: Decode) -> None:
    pool = {
        "memoryPoolConfig.memoryPoolType": 1,
        "memoryPoolConfig.address": 2**63 + 5,
        "memoryPoolConfig.pool.size": 4096,
        "memoryPoolConfig.utilizedSize": 1024,
    }
    tables = decode(
        [
            (RUNTIME, {"cbid": 1, "start": 100, "end": 180, "correlationId": 3, "threadId": 9}),
            (MEMORY, {"memoryOperationType": 1, "memoryKind": 3, "bytes": 1024, "timestamp": 150,
                      "address": 2**63, "correlationId": 3, "isAsync": 1, "streamId": 13, **pool}),
            (MEMORY, {"memoryOperationType": 2, "memoryKind": 2, "bytes": 64, "timestamp": 300,
                      "correlationId": 4, "streamId": NONE}),
        ]
    )  # fmt: skip
    made, freed = rows(tables, "allocs")
    assert (made["kind"], made["memory_kind"], made["bytes"]) == ("malloc_async", "device", 1024)
    assert (made["start"], made["end"], made["thread"]) == (100, 180, 9)
    assert (made["address"], made["pool"]) == (2**63, 2**63 + 5)
    assert (made["pool_used"], made["pool_reserved"], made["stream"]) == (1024, 4096, 13)
    assert (freed["kind"], freed["memory_kind"]) == ("free", "pinned")
    assert (freed["start"], freed["end"], freed["thread"]) == (300, 300, None)
    assert (freed["pool"], freed["pool_used"], freed["stream"]) == (None, None, None)


def marker(flags: int, number: int, at: int, **more: Any) -> tuple[int, dict[str, Any]]:
    fields = {"flags": flags, "timestamp": at, "id": number, "objectKind": 2}
    return MARKER, {**fields, "objectId.pt.threadId": 11, **more}


def test_markers_become_ranges_with_colour_category_and_payload(decode: Decode) -> None:
    keep = [text("load batch"), text("cuBLAS"), text("tick")]
    tables = decode(
        [
            marker(2, 1, 100, name=keep[0][1], domain=keep[1][1]),
            (MARKER_DATA, {"id": 1, "flags": 2, "color": 0xFF00FF00, "category": 3,
                           "payloadKind": 4, "payload": -7}),
            marker(1, 2, 120, name=keep[2][1]),
            (MARKER_DATA, {"id": 2, "flags": 1, "payloadKind": 0,
                           "payload": int(np.float64(0.5).view(np.int64))}),
            marker(2, 3, 125, name=keep[0][1], objectKind=1),
            marker(4, 3, 130),
            marker(4, 1, 150),
        ]
    )  # fmt: skip
    outer, tick, process = rows(tables, "ranges")
    assert (outer["name"], outer["domain"], outer["kind"]) == ("load batch", "cuBLAS", "push_pop")
    assert (outer["start"], outer["end"], outer["thread"]) == (100, 150, 11)
    assert (outer["color"], outer["category"], outer["payload"]) == (0xFF00FF00, "3", "-7")
    assert (tick["kind"], tick["start"], tick["end"]) == ("mark", 120, 120)
    assert (tick["color"], tick["category"], tick["payload"]) == (None, None, "0.5")
    assert tick["domain"] == "NVTX"
    assert (process["kind"], process["thread"], process["end"]) == ("start_end", None, 130)


def test_ranges_span_drains_and_open_ones_end_with_the_recording(decode: Decode) -> None:
    keep = text("step")
    data = (MARKER_DATA, {"id": 1, "flags": 2, "color": 5})
    assert rows(decode([marker(2, 1, 100, name=keep[1]), data], last=False), "ranges") == []
    assert rows(decode([], last=False), "ranges") == []
    (closed,) = rows(decode([marker(2, 2, 110, name=keep[1]), marker(4, 1, 150)], last=False),
                     "ranges")  # fmt: skip
    assert (closed["start"], closed["end"], closed["color"]) == (100, 150, 5)
    (opened,) = rows(decode([], now=900), "ranges")
    assert (opened["start"], opened["end"], opened["name"]) == (110, 900, "step")


def test_nothing_recorded_gives_empty_tables(decode: Decode) -> None:
    tables = decode()
    assert tables["activities"].num_rows == tables["calls"].num_rows == 0


def test_records_of_several_buffers_and_threads_are_all_there(decode: Decode) -> None:
    buffers = [
        [(KERNEL, {"start": b * 100 + i + 1, "end": b * 100 + i + 2}) for i in range(50)]
        for b in range(4)
    ]
    tables = decode(*buffers)
    starts = sorted(r["start"] for r in rows(tables, "activities"))
    assert starts == [b * 100 + i + 1 for b in range(4) for i in range(50)]
