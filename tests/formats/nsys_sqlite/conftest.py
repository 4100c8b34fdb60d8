"""Exports written by hand, in the schema of any version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "data" / "nsys"

PID = 1 << 48 | 7 << 24
"""globalPid of process 7."""

K = "CUPTI_ACTIVITY_KIND_"
_SHARED = "start end deviceId contextId streamId correlationId globalPid"
TABLES = {
    f"{K}KERNEL": f"{_SHARED} demangledName shortName launchType registersPerThread "
    "gridX gridY gridZ blockX blockY blockZ staticSharedMemory dynamicSharedMemory graphNodeId",
    f"{K}MEMCPY": f"{_SHARED} bytes copyKind srcKind dstKind srcDeviceId dstDeviceId graphNodeId",
    f"{K}MEMSET": f"{_SHARED} value bytes memKind graphNodeId",
    f"{K}GRAPH_TRACE": f"{_SHARED} graphId graphExecId",
    f"{K}RUNTIME": "start end eventClass globalTid correlationId nameId returnValue callchainId",
    f"{K}SYNCHRONIZATION": f"{_SHARED} syncType eventId",
    f"{K}CUDA_EVENT": "deviceId contextId streamId correlationId globalPid eventId timestamp",
    "CUDA_GPU_MEMORY_USAGE_EVENTS": "start globalPid deviceId contextId virtualAddress "
    "bytes memKind memoryOperationType name:TEXT correlationId streamId localMemoryPoolAddress "
    "localMemoryPoolSize localMemoryPoolUtilizedSize",
    "NVTX_EVENTS": "start end eventType rangeId category color text:TEXT globalTid endGlobalTid "
    "textId domainId uint64Value int64Value doubleValue:REAL jsonText:TEXT",
    "StringIds": "id:INTEGER-PRIMARY-KEY value:TEXT",
    "META_DATA_EXPORT": "name:TEXT value:TEXT",
    "EXPORT_META_DATA": "name:TEXT value:TEXT",
    "TARGET_INFO_GPU": "id name:TEXT smCount asyncEngines totalMemory computeMajor computeMinor",
    "TARGET_INFO_CUDA_DEVICE": "gpuId cudaId pid",
    "TARGET_INFO_CUDA_CONTEXT_INFO": "nullStreamId processId deviceId contextId",
    "TARGET_INFO_CUDA_NULL_STREAM": "streamId processId deviceId contextId",
    "TARGET_INFO_CUDA_STREAM": "streamId processId contextId priority flag",
    "TARGET_INFO_SESSION_START_TIME": "utcEpochNs",
    "ANALYSIS_DETAILS": "globalVid duration startTime stopTime",
    "DIAGNOSTIC_EVENT": "timestamp severity text:TEXT",
}

Row = dict[str, Any]
Export = Callable[..., Path]


def kernel(first: int, last: int, **more: Any) -> Row:
    """A kernel of process 7 on device 0, stream 13."""
    row = {"start": first, "end": last, "deviceId": 0, "contextId": 1, "streamId": 13}
    return {**row, "correlationId": 5, "globalPid": PID, "demangledName": 1, **more}


def call(start: int, end: int, name: int, **more: Any) -> Row:
    """A runtime call of thread 9 of process 7."""
    row = {"start": start, "end": end, "eventClass": 0, "globalTid": PID | 9, "correlationId": 5}
    return {**row, "nameId": name, "returnValue": 0, **more}


def activity(first: int, last: int, **more: Any) -> Row:
    """What every table of activities has."""
    return {k: v for k, v in kernel(first, last, **more).items() if k != "demangledName"}


def nvtx(first: int, last: int | None, event_type: int, **more: Any) -> Row:
    """An NVTX event of thread 9 of process 7."""
    row = {"start": first, "end": last, "eventType": event_type, "globalTid": PID | 9}
    return {**row, "domainId": 0, **more}


def ddl(table: str, columns: Sequence[str]) -> str:
    parts = []
    for column in columns:
        name, _, kind = column.partition(":")
        parts.append(f'"{name}" {(kind or "INTEGER").replace("-", " ")}')
    return f"CREATE TABLE {table} ({', '.join(parts)})"


@pytest.fixture(scope="session")
def nsys() -> SimpleNamespace:
    """What rows are made with."""
    return SimpleNamespace(
        kernel=kernel,
        nvtx=nvtx,
        activity=activity,
        call=call,
        ddl=ddl,
        TABLES=TABLES,
        K=K,
        PID=PID,
        DATA=DATA,
    )


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Writes a file: rows of each table by name; ``drop`` leaves columns out, ``strings`` adds."""

    def write(
        rows: dict[str, list[Row]],
        *,
        strings: Sequence[str] = ("kernel()",),
        schema: str = "3.24.0",
        drop: Sequence[str] = (),
        name: str = "report.sqlite",
        script: str = "",
    ) -> Path:
        path = tmp_path / name
        given: dict[str, list[Row]] = {
            "StringIds": [{"id": i, "value": text} for i, text in enumerate(strings, 1)],
            "META_DATA_EXPORT": [{"name": "EXPORT_SCHEMA_VERSION", "value": schema}],
            **rows,
        }
        with closing(sqlite3.connect(path)) as database:
            for table, mine in given.items():
                columns = [c for c in TABLES[table].split() if c.partition(":")[0] not in drop]
                database.execute(ddl(table, columns))
                for row in mine:
                    names = ", ".join(f'"{column}"' for column in row)
                    marks = ", ".join("?" * len(row))
                    database.execute(
                        f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values())
                    )
            database.executescript(script)
            database.commit()
        return path

    return write
