"""What a Kineto trace says, as data: categories, arguments, and where each goes.

Categories are those of PyTorch's Kineto (``libkineto/include/ActivityType.h``), with the names
that it used until 2021 in capitals. What an event is follows from its category alone: a
``cuda_sync`` row that carries a stream is no work, nor is an operator that does.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CATEGORIES",
    "COLLECTIVE",
    "FLOW_PHASES",
    "INTEGERS",
    "LISTS",
    "SYNC_KINDS",
    "TEXTS",
]

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "kernel": ("activities", "kernel"),
    "Kernel": ("activities", "kernel"),
    "gpu_memcpy": ("activities", "memcpy"),
    "Memcpy": ("activities", "memcpy"),
    "gpu_memset": ("activities", "memset"),
    "Memset": ("activities", "memset"),
    "cuda_runtime": ("calls", "runtime"),
    "Runtime": ("calls", "runtime"),
    "cuda_driver": ("calls", "driver"),
    "cuda_sync": ("syncs", ""),
    "gpu_user_annotation": ("device_ranges", "gpu_user_annotation"),
    "cpu_op": ("ranges", "cpu_op"),
    "Operator": ("ranges", "cpu_op"),
    "user_annotation": ("ranges", "user_annotation"),
    "UserAnnotation": ("ranges", "user_annotation"),
    "python_function": ("ranges", "python_function"),
    "nvtx": ("ranges", ""),
    "host_func": ("activities", "host_func"),
    "graph": ("activities", "graph"),
    "stamp": ("stamps", ""),
    "external_correlation": ("ranges", "external_correlation"),
    "overhead": ("ranges", "overhead"),
    "Trace": ("ranges", "Trace"),
}
"""Category to (table, kind of activity, API or category of range); others are left aside.

``nvtx``, ``host_func``, ``graph`` and ``stamp`` are of traces that timeline wrote.
"""

_PLACE = {
    "device": "device",
    "context": "context",
    "stream": "stream",
    "correlation": "correlation",
}
_HOST = {"host process": "process", "host thread": "thread"}

INTEGERS: Mapping[str, Mapping[str, str]] = {
    "activities": {
        **_PLACE,
        "bytes": "bytes",
        "registers per thread": "registers",
        "graph id": "graph",
        "graph node id": "graph_node",
        "src device": "src_device",
        "dst device": "dst_device",
        "static shared memory": "static_shared",
        "dynamic shared memory": "dynamic_shared",
        "pdl": "pdl",
        "cooperative": "cooperative",
        "queued ns": "queued",
        "submitted ns": "submitted",
        "host process": "process",
    },
    "calls": {"correlation": "correlation", "return code": "return_code", **_HOST},
    "syncs": {**_PLACE, "wait_on_cuda_event_id": "event", **_HOST},
    "device_ranges": {"device": "device", "stream": "stream", "host process": "process"},
    "ranges": {"color": "color", "stream": "stream", **_HOST},
    "stamps": {
        "correlation": "correlation",
        "device": "device",
        "block": "block",
        "sm": "sm",
        "tile": "tile",
    },
}
"""Integer arguments of each table's events, and their columns.

Those from ``graph node id`` on are of traces that :mod:`timeline.formats.kineto.writing` wrote.
"""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "activities": {
        "engine": "engine",
        "copy kind": "copy_kind",
        "src kind": "src_kind",
        "dst kind": "dst_kind",
    },
    "device_ranges": {"category": "category"},
    "ranges": {
        "kind": "kind",
        "domain": "domain",
        "category": "category",
        "payload": "payload",
    },
    "stamps": {"role": "role"},
}
"""The same for texts, all of them of traces that timeline wrote."""

LISTS: Mapping[str, str] = {"grid": "grid", "block": "block", "cluster": "cluster"}
"""Arguments of three integers."""

COLLECTIVE: Mapping[str, str] = {
    "Collective name": "name",
    "dtype": "dtype",
    "In msg nelems": "in_elements",
    "Out msg nelems": "out_elements",
    "In split size": "in_split",
    "Out split size": "out_split",
    "Process Group Name": "group",
    "Process Group Description": "group_description",
    "Group size": "group_size",
    "Process Group Ranks": "group_ranks",
    "Global rank start": "rank_start",
    "Global rank stride": "rank_stride",
    "Src Rank": "source_rank",
    "Dst Rank": "destination_rank",
    "Seq": "sequence",
}
"""Arguments of kernels and host operations that are collectives, and their columns."""

SYNC_KINDS: Mapping[str, str] = {
    "Event Sync": "event_synchronize",
    "Stream Wait Event": "stream_wait_event",
    "Stream Sync": "stream_synchronize",
    "Context Sync": "device_synchronize",
}
"""Names of ``cuda_sync`` rows."""

FLOW_PHASES = frozenset("stf")
