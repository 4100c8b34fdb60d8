"""What each table of an export becomes, whatever the version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from timeline.formats import ImportOptions, open_trace

Export = Callable[..., Path]

K = "CUPTI_ACTIVITY_KIND_"


def only(path: Path, table: str, **options: Any) -> dict[str, Any]:
    (row,) = open_trace(path, ImportOptions(**options)).tables[table].to_pylist()
    return dict(row)


def test_a_kernel_with_all_it_says(export: Export, nsys: SimpleNamespace) -> None:
    dims = {"gridX": 4, "gridY": 2, "gridZ": 1, "blockX": 256, "blockY": 1, "blockZ": 1}
    shared = {"staticSharedMemory": 512, "dynamicSharedMemory": 1024}
    row = nsys.kernel(
        100, 250, registersPerThread=32, launchType=2, graphNodeId=6, **dims, **shared
    )
    path = export({f"{K}KERNEL": [row]}, strings=("void f<int>(int*)",))
    found = only(path, "activities")
    assert {key: value for key, value in found.items() if value is not None} == {
        "kind": "kernel",
        "name": "void f<int>(int*)",
        "start": 100,
        "end": 250,
        "device": 0,
        "context": 1,
        "stream": 13,
        "engine": "SM",
        "correlation": 5,
        "grid": [4, 2, 1],
        "block": [256, 1, 1],
        "registers": 32,
        "static_shared": 512,
        "dynamic_shared": 1024,
        "graph_node": 6,
        "cooperative": True,
        "process": 7,
    }


@pytest.mark.parametrize(
    ("copy", "src", "dst", "kind", "engine"),
    [
        (1, 1, 2, "HtoD", "H2D"),
        (2, 2, 0, "DtoH", "D2H"),
        (8, 2, 2, "DtoD", "D2D"),
        (10, 2, 2, "PtoP", "P2P"),
        (9, 0, 1, "HtoH", "HOST"),
        (3, 0, 3, "HtoD", "H2D"),
        (11, 4, 4, "HtoD", "H2D"),
        (0, 1, 2, "HtoD", "H2D"),
        (0, 2, 1, "DtoH", "D2H"),
        (99, 2, 2, "DtoD", "D2D"),
    ],
)
def test_copies(
    export: Export, nsys: SimpleNamespace, copy: int, src: int, dst: int, kind: str, engine: str
) -> None:
    row = nsys.kernel(1, 2, bytes=4096, copyKind=copy, srcKind=src, dstKind=dst)
    del row["demangledName"]
    found = only(export({f"{K}MEMCPY": [row]}), "activities")
    words = ("pageable", "pinned", "device", "array", "managed")
    assert found["kind"] == "memcpy"
    assert found["bytes"] == 4096
    assert (found["copy_kind"], found["engine"]) == (kind, engine)
    assert (found["src_kind"], found["dst_kind"]) == (words[src], words[dst])


def test_fills_and_graphs(export: Export, nsys: SimpleNamespace) -> None:
    shared = nsys.activity(1, 2)
    fill = {**shared, "value": 0, "bytes": 64, "memKind": 2}
    graph = {**shared, "start": 5, "end": 9, "graphId": 3, "graphExecId": 4}
    path = export({f"{K}MEMSET": [fill], f"{K}GRAPH_TRACE": [graph]})
    first, second = open_trace(path).activities.to_pylist()
    assert (first["kind"], first["engine"], first["bytes"]) == ("memset", "MEMSET", 64)
    assert (second["kind"], second["engine"], second["graph"]) == ("graph", "GRAPH", 3)


def test_activities_come_by_start_from_all_tables(export: Export, nsys: SimpleNamespace) -> None:
    shared = nsys.activity(4, 5)
    copy = {**shared, "bytes": 1, "copyKind": 1}
    path = export({f"{K}KERNEL": [nsys.kernel(7, 9), nsys.kernel(1, 2)], f"{K}MEMCPY": [copy]})
    trace = open_trace(path)
    assert trace.activities["start"].to_pylist() == [1, 4, 7]
    assert trace.activities["engine"].to_pylist() == ["SM", "H2D", "SM"]


def test_processes_with_equal_correlations_stay_apart(
    export: Export, nsys: SimpleNamespace
) -> None:
    other = nsys.PID + (1 << 24)
    kernels = [nsys.kernel(100, 200), nsys.kernel(150, 200, globalPid=other)]
    calls = [nsys.call(90, 95, 2), nsys.call(140, 145, 2, globalTid=other | 3)]
    path = export(
        {f"{K}KERNEL": kernels, f"{K}RUNTIME": calls}, strings=("k", "cudaLaunchKernel_v7000")
    )
    trace = open_trace(path)
    assert trace.activities["process"].to_pylist() == [7, 8]
    assert trace.tables["calls"]["process"].to_pylist() == [7, 8]
    assert trace.tables["calls"]["thread"].to_pylist() == [9, 3]
    assert trace.meta.notes == ()


def test_devices_that_processes_number_alike_are_told_apart(
    export: Export, nsys: SimpleNamespace
) -> None:
    other = nsys.PID + (1 << 24)
    path = export(
        {
            f"{K}KERNEL": [nsys.kernel(1, 2), nsys.kernel(3, 4, globalPid=other)],
            "TARGET_INFO_CUDA_DEVICE": [
                {"pid": 7, "cudaId": 0, "gpuId": 0},
                {"pid": 8, "cudaId": 0, "gpuId": 3},
            ],
        }
    )
    assert open_trace(path).activities["device"].to_pylist() == [0, 3]


def test_backtrace_twins_are_left_aside(export: Export, nsys: SimpleNamespace) -> None:
    calls = [
        nsys.call(1, 2, 1),
        nsys.call(1, 2, 2, eventClass=67),
        nsys.call(3, 4, 3, eventClass=1),
    ]
    names = ("cudaMalloc_v3020", "cudaMalloc", "cuMemAlloc_v2")
    trace = open_trace(export({f"{K}RUNTIME": calls}, strings=names))
    assert trace.tables["calls"]["name"].to_pylist() == ["cudaMalloc", "cuMemAlloc"]
    assert trace.tables["calls"]["api"].to_pylist() == ["runtime", "driver"]
    assert trace.meta.notes == ("Left aside: 1 backtrace twins of API calls.",)


NONE = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("schema", "name", "sync_type", "stream", "event", "kind"),
    [
        ("3.13.2", "cudaDeviceSynchronize_v3020", 1, NONE, NONE, "device_synchronize"),
        ("3.24.0", "cudaStreamSynchronize_v3020", 2, 13, NONE, "stream_synchronize"),
        ("3.24.0", "cudaStreamWaitEvent_v3020", 3, 13, 4, "stream_wait_event"),
        ("3.25.0", "cudaStreamWaitEvent_v3020", 2, 13, 4, "stream_wait_event"),
        ("3.25.0", "cuEventSynchronize", 1, NONE, 4, "event_synchronize"),
        ("3.25.0", "cudaFree_v3020", 4, NONE, NONE, "device_synchronize"),
        ("3.25.0", None, 3, 13, NONE, "stream_synchronize"),
        ("3.24.0", None, 2, 13, NONE, "stream_synchronize"),
        ("3.13.2", None, 1, NONE, NONE, "device_synchronize"),
        ("3.13.2", None, 2, 13, 4, None),
        ("3.25.0", "cudaEventQuery_v3020", 1, NONE, 4, None),
    ],
)
def test_synchronisations(
    export: Export,
    nsys: SimpleNamespace,
    schema: str,
    name: str | None,
    sync_type: int,
    stream: int,
    event: int,
    kind: str | None,
) -> None:
    row = nsys.kernel(10, 20, syncType=sync_type, streamId=stream, eventId=event)
    del row["demangledName"]
    calls = [nsys.call(9, 21, 1)] if name else []
    path = export(
        {f"{K}SYNCHRONIZATION": [row], f"{K}RUNTIME": calls}, strings=(name or "x",), schema=schema
    )
    trace = open_trace(path)
    found = trace.tables["syncs"].to_pylist()
    assert [row["kind"] for row in found] == ([kind] if kind else [])
    if kind:
        assert found[0]["stream"] == (None if stream == NONE else stream)
        assert found[0]["event"] == (None if event == NONE else event)
        assert found[0]["thread"] == (9 if name else None)
    else:
        assert len(trace.meta.notes) == 1


def test_event_records(export: Export, nsys: SimpleNamespace) -> None:
    row = {"deviceId": 0, "contextId": 1, "streamId": 13, "correlationId": 5, "globalPid": nsys.PID}
    path = export({f"{K}CUDA_EVENT": [{**row, "eventId": 3, "timestamp": 0}]})
    found = only(path, "events")
    assert (found["event"], found["stream"], found["timestamp"]) == (3, 13, None)


def test_allocations_take_the_time_of_their_call(export: Export, nsys: SimpleNamespace) -> None:
    shared = {"globalPid": nsys.PID, "deviceId": 0, "contextId": 1, "bytes": 1 << 20, "memKind": 2}
    plain = {**shared, "start": 50, "memoryOperationType": 0, "correlationId": 5}
    pool = {**shared, "start": 70, "memoryOperationType": 1, "correlationId": 99}
    pool |= {"virtualAddress": -1, "localMemoryPoolAddress": 77, "localMemoryPoolSize": 9}
    path = export(
        {"CUDA_GPU_MEMORY_USAGE_EVENTS": [plain, pool], f"{K}RUNTIME": [nsys.call(40, 60, 1)]},
        strings=("cudaMalloc_v3020",),
    )
    first, second = open_trace(path).tables["allocs"].to_pylist()
    assert (first["kind"], first["start"], first["end"]) == ("malloc", 40, 60)
    assert (second["kind"], second["start"], second["end"]) == ("free_async", 70, 70)
    assert second["address"] == 2**64 - 1
    assert (second["pool"], second["pool_reserved"], first["pool"]) == (77, 9, None)


def test_streams(export: Export, nsys: SimpleNamespace) -> None:
    stream = {"processId": 7, "contextId": 1, "priority": 0, "flag": 1}
    path = export(
        {
            f"{K}KERNEL": [],
            "TARGET_INFO_CUDA_STREAM": [
                {**stream, "streamId": 13},
                {**stream, "streamId": 14, "flag": 2, "priority": 4294967291},
                {**stream, "streamId": 7, "flag": 3},
            ],
            "TARGET_INFO_CUDA_CONTEXT_INFO": [
                {"nullStreamId": 7, "processId": 7, "deviceId": 2, "contextId": 1}
            ],
        }
    )
    found = open_trace(path).tables["streams"].to_pylist()
    assert [(row["stream"], row["kind"], row["priority"]) for row in found] == [
        (7, "legacy", 0),
        (13, "blocking", 0),
        (14, "non_blocking", -5),
    ]
    assert {row["device"] for row in found} == {2}


def test_older_files_name_the_null_stream_elsewhere(export: Export, nsys: SimpleNamespace) -> None:
    null = {"streamId": 7, "processId": 7, "deviceId": 0, "contextId": 1}
    path = export({f"{K}KERNEL": [], "TARGET_INFO_CUDA_NULL_STREAM": [null]})
    assert only(path, "streams")["kind"] == "legacy"


def test_ranges(export: Export, nsys: SimpleNamespace) -> None:
    rows = [
        nsys.nvtx(0, None, 75, domainId=3, text="NCCL"),
        nsys.nvtx(0, None, 33, domainId=3, category=2, text="collective"),
        nsys.nvtx(10, 20, 59, text="own words"),
        nsys.nvtx(11, 19, 70, textId=1),
        nsys.nvtx(12, 18, 60, domainId=3, category=2, textId=1, color=-16711936),
        nsys.nvtx(13, None, 34, text="mark", int64Value=-4),
        nsys.nvtx(14, None, 59, textId=99, uint64Value=-1),
        nsys.nvtx(15, 16, 59, text="real", doubleValue=0.5, domainId=8),
        nsys.nvtx(15, 16, 39, text="a thread's name"),
    ]
    details = {"globalVid": 0, "duration": 1000, "startTime": 0, "stopTime": 0}
    path = export({"NVTX_EVENTS": rows, "ANALYSIS_DETAILS": [details]}, strings=("registered",))
    trace = open_trace(path)
    found = trace.tables["ranges"].to_pylist()
    assert [(row["name"], row["kind"], row["start"], row["end"]) for row in found] == [
        ("own words", "push_pop", 10, 20),
        ("registered", "push_pop", 11, 19),
        ("registered", "start_end", 12, 18),
        ("mark", "mark", 13, 13),
        ("[unnamed range]", "push_pop", 14, 1000),
        ("real", "push_pop", 15, 16),
    ]
    assert [row["domain"] for row in found] == [None, None, "NCCL", None, None, None]
    assert [row["category"] for row in found] == [None, None, "collective", None, None, None]
    assert [row["payload"] for row in found] == [None, None, None, "-4", str(2**64 - 1), "0.5"]
    assert found[2]["color"] == 0xFF00FF00
    assert {(row["process"], row["thread"]) for row in found} == {(7, 9)}
    assert trace.meta.notes == ("1 NVTX ranges were still open and end with the capture.",)


def test_domains_belong_to_a_process(export: Export, nsys: SimpleNamespace) -> None:
    other = (nsys.PID + (1 << 24)) | 9
    rows = [
        nsys.nvtx(0, None, 75, domainId=1, text="mine"),
        nsys.nvtx(0, None, 75, domainId=1, text="theirs", globalTid=other),
        nsys.nvtx(1, 2, 59, domainId=1, text="a"),
        nsys.nvtx(1, 2, 59, domainId=1, text="b", globalTid=other),
    ]
    found = open_trace(export({"NVTX_EVENTS": rows})).tables["ranges"].to_pylist()
    assert [row["domain"] for row in found] == ["mine", "theirs"]


def test_what_has_no_place_and_what_nsys_warned_of_is_said(
    export: Export, nsys: SimpleNamespace
) -> None:
    path = export(
        {
            f"{K}KERNEL": [nsys.kernel(1, 2)],
            "DIAGNOSTIC_EVENT": [
                {"timestamp": 0, "severity": 1, "text": "Profiling has started."},
                {"timestamp": 0, "severity": 3, "text": "CUPTI lost\n 12 records"},
            ],
        },
        script="CREATE TABLE OSRT_API (start INTEGER); INSERT INTO OSRT_API VALUES (1), (2);",
    )
    assert open_trace(path).meta.notes == (
        "nsys: CUPTI lost 12 records",
        "Left aside: 2 rows of OSRT_API.",
    )


def test_what_can_not_be_right_is_flagged(export: Export, nsys: SimpleNamespace) -> None:
    rows = {
        f"{K}KERNEL": [nsys.kernel(100, 200), nsys.kernel(900, 1200, correlationId=6)],
        f"{K}RUNTIME": [nsys.call(150, 160, 1)],
        "ANALYSIS_DETAILS": [{"globalVid": 0, "duration": 1000, "startTime": 0, "stopTime": 0}],
    }
    trace = open_trace(export(rows))
    assert trace.activities.num_rows == 2
    assert trace.meta.notes == (
        "Unsound: 1 activities that start before the call that issued them "
        f"(first at table {K}KERNEL, row 1).",
        f"Unsound: 1 activities that end after the capture did (first at table {K}KERNEL, row 2).",
    )


def test_the_oldest_schema_has_fewer_tables_and_columns(
    export: Export, nsys: SimpleNamespace
) -> None:
    version = {"name": "EXPORT_SCHEMA_VERSION", "value": "2.9.1"}
    path = export(
        {f"{K}KERNEL": [nsys.kernel(1, 2)], "EXPORT_META_DATA": [version], "META_DATA_EXPORT": []},
        drop=("graphNodeId", "launchType", "clusterX"),
    )
    trace = open_trace(path)
    assert trace.meta.provenance == {}
    row = trace.activities.to_pylist()[0]
    assert (row["cooperative"], row["cluster"], row["graph"]) == (None, None, None)


def test_names_without_a_text_are_said_to_be_unnamed(export: Export, nsys: SimpleNamespace) -> None:
    path = export({f"{K}KERNEL": [nsys.kernel(1, 2, demangledName=44)]})
    assert only(path, "activities")["name"] == "[unnamed kernel]"
