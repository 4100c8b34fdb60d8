"""The tables of an exported file: nsys's own names and types, as far as its reports read them.

One file in the newest schema serves all versions of nsys: extra columns do no harm to older ones.
Every table is made, also without rows, as reports and rules skip what they miss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["ENUMS", "SCHEMA_VERSION", "TABLES", "create"]

SCHEMA_VERSION = "3.25.0"

_K = "CUPTI_ACTIVITY_KIND_"
_GPU = "start end deviceId contextId greenContextId streamId correlationId globalPid"

_COLUMNS = {
    f"{_K}KERNEL": f"{_GPU} demangledName shortName mangledName launchType registersPerThread "
    "gridX gridY gridZ blockX blockY blockZ staticSharedMemory dynamicSharedMemory graphNodeId "
    "graphId clusterX clusterY clusterZ",
    f"{_K}MEMCPY": f"{_GPU} bytes copyKind srcKind dstKind srcDeviceId dstDeviceId graphNodeId",
    f"{_K}MEMSET": f"{_GPU} value bytes memKind graphNodeId",
    f"{_K}GRAPH_TRACE": f"{_GPU} graphId graphExecId",
    f"{_K}RUNTIME": "start end eventClass globalTid correlationId nameId returnValue callchainId",
    f"{_K}SYNCHRONIZATION": f"{_GPU} syncType eventId",
    f"{_K}CUDA_EVENT": "timestamp deviceId contextId greenContextId streamId correlationId "
    "globalPid eventId",
    "CUDA_GPU_MEMORY_USAGE_EVENTS": "start globalPid deviceId contextId virtualAddress bytes "
    "memKind memoryOperationType name:TEXT correlationId streamId localMemoryPoolAddress "
    "localMemoryPoolSize localMemoryPoolUtilizedSize",
    "NVTX_EVENTS": "start end eventType rangeId category color text:TEXT globalTid endGlobalTid "
    "textId domainId uint64Value int64Value doubleValue:REAL jsonText:TEXT",
    "ThreadNames": "nameId priority globalTid",
    "PROCESSES": "globalPid pid name:TEXT",
    "TARGET_INFO_GPU": "vmId id name:TEXT busLocation:TEXT totalMemory memoryBandwidth smCount "
    "chipName:TEXT cuDevice asyncEngines computeMajor computeMinor",
    "TARGET_INFO_CUDA_DEVICE": "gpuId cudaId pid",
    "TARGET_INFO_CUDA_CONTEXT_INFO": "nullStreamId hwId vmId processId deviceId contextId "
    "parentContextId isGreenContext",
    "TARGET_INFO_CUDA_STREAM": "streamId hwId vmId processId contextId priority flag",
    "TARGET_INFO_SESSION_START_TIME": "utcEpochNs",
    "ANALYSIS_DETAILS": "globalVid duration startTime stopTime",
    "META_DATA_EXPORT": "name:TEXT value:TEXT",
}


def _columns(text: str) -> Mapping[str, str]:
    parts = (column.partition(":") for column in text.split())
    return {name: kind or "INTEGER" for name, _, kind in parts}


TABLES: Mapping[str, Mapping[str, str]] = {
    "StringIds": {"id": "INTEGER NOT NULL PRIMARY KEY", "value": "TEXT NOT NULL"},
    **{table: _columns(text) for table, text in _COLUMNS.items()},
}
"""Type of each column of each table."""

_ENUM = {"id": "INTEGER NOT NULL PRIMARY KEY", "name": "TEXT", "label": "TEXT"}

ENUMS: Mapping[str, Sequence[tuple[str, str]]] = {
    "ENUM_CUDA_MEMCPY_OPER": (
        ("CUDA_MEMCPY_KIND_UNKNOWN", "Unknown"),
        ("CUDA_MEMCPY_KIND_HTOD", "Host-to-Device"),
        ("CUDA_MEMCPY_KIND_DTOH", "Device-to-Host"),
        ("CUDA_MEMCPY_KIND_HTOA", "Host-to-Array"),
        ("CUDA_MEMCPY_KIND_ATOH", "Array-to-Host"),
        ("CUDA_MEMCPY_KIND_ATOA", "Array-to-Array"),
        ("CUDA_MEMCPY_KIND_ATOD", "Array-to-Device"),
        ("CUDA_MEMCPY_KIND_DTOA", "Device-to-Array"),
        ("CUDA_MEMCPY_KIND_DTOD", "Device-to-Device"),
        ("CUDA_MEMCPY_KIND_HTOH", "Host-to-Host"),
        ("CUDA_MEMCPY_KIND_PTOP", "Peer-to-Peer"),
        ("CUDA_MEMCPY_KIND_UVM_HTOD", "Unified Host-to-Device"),
        ("CUDA_MEMCPY_KIND_UVM_DTOH", "Unified Device-to-Host"),
        ("CUDA_MEMCPY_KIND_UVM_DTOD", "Unified Device-to-Device"),
    ),
    "ENUM_CUDA_MEM_KIND": (
        ("CUDA_MEMOPR_MEMORY_KIND_PAGEABLE", "Pageable"),
        ("CUDA_MEMOPR_MEMORY_KIND_PINNED", "Pinned"),
        ("CUDA_MEMOPR_MEMORY_KIND_DEVICE", "Device"),
        ("CUDA_MEMOPR_MEMORY_KIND_ARRAY", "Array"),
        ("CUDA_MEMOPR_MEMORY_KIND_MANAGED", "Managed"),
        ("CUDA_MEMOPR_MEMORY_KIND_DEVICE_STATIC", "Device Static"),
        ("CUDA_MEMOPR_MEMORY_KIND_MANAGED_STATIC", "Managed Static"),
        ("CUDA_MEMOPR_MEMORY_KIND_UNKNOWN", "Unknown"),
    ),
    "ENUM_CUDA_KERNEL_LAUNCH_TYPE": (
        ("CUDA_KERNEL_LAUNCH_TYPE_UNKNOWN", "Unknown"),
        ("CUDA_KERNEL_LAUNCH_TYPE_REGULAR", "Regular"),
        ("CUDA_KERNEL_LAUNCH_TYPE_COOPERATIVE_SINGLE_DEVICE", "Coop Single Device"),
        ("CUDA_KERNEL_LAUNCH_TYPE_COOPERATIVE_MULTI_DEVICE", "Coop Multi Device"),
    ),
    "ENUM_CUPTI_STREAM_TYPE": (
        ("CUPTI_ACTIVITY_STREAM_CREATE_FLAG_UNKNOWN", "Unknown stream type"),
        ("CUPTI_ACTIVITY_STREAM_CREATE_FLAG_DEFAULT", "Default stream"),
        ("CUPTI_ACTIVITY_STREAM_CREATE_FLAG_NON_BLOCKING", "Non-blocking stream"),
        ("CUPTI_ACTIVITY_STREAM_CREATE_FLAG_NULL", "Null stream"),
    ),
    "ENUM_CUPTI_SYNC_TYPE": (
        ("CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_UNKNOWN", "Unknown"),
        ("CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_EVENT_SYNCHRONIZE", "Event sync"),
        ("CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_WAIT_EVENT", "Stream wait sync"),
        ("CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_SYNCHRONIZE", "Stream sync"),
        ("CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_CONTEXT_SYNCHRONIZE", "Context sync"),
    ),
}
"""Symbol and label of each number, from 0; copied from an export of nsys 2025.5."""


def create(table: str) -> str:
    """The statement that makes a table, one of words included."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in TABLES.get(table, _ENUM).items())
    return f'CREATE TABLE "{table}" ({columns})'
