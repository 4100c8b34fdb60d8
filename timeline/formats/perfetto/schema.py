"""Numbers of the fields of Perfetto's messages, and the names of what a trace of ours holds.

From ``protos/perfetto/trace`` of Perfetto 59; a number never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PACKET: Final = 1  # of Trace

# TracePacket
CLOCK_SNAPSHOT: Final = 6
TIMESTAMP: Final = 8
SEQUENCE: Final = 10
EVENT: Final = 11
INTERNED: Final = 12
FLAGS: Final = 13
CLEARED: Final = 41
COMPRESSED: Final = 50
CLOCK: Final = 58
DEFAULTS: Final = 59
TRACK: Final = 60
ATTRIBUTES: Final = 126
COMPRESSED_ZSTD: Final = 133

STARTS, NEEDS = 1, 2
"""Of FLAGS: what was interned before is void; what was interned is used."""

# TrackDescriptor
UUID: Final = 1
NAME: Final = 2
PROCESS: Final = 3
OF_THREAD: Final = 4
PARENT: Final = 5
COUNTER: Final = 8
STATIC_NAME: Final = 10
ORDERING: Final = 11
RANK: Final = 12
EXPLICIT: Final = 3

# ProcessDescriptor and ThreadDescriptor
PID: Final = 1
TID: Final = 2
THREAD_NAME: Final = 5
PROCESS_NAME: Final = 6

# TrackEvent
CATEGORY_IID: Final = 3
ANNOTATION: Final = 4
TYPE: Final = 9
NAME_IID: Final = 10
TRACK_UUID: Final = 11
EVENT_CATEGORY: Final = 22
EVENT_NAME: Final = 23
COUNTER_VALUE: Final = 30
FLOW: Final = 47
FLOW_END: Final = 48
BEGIN, END, INSTANT, COUNT = 1, 2, 3, 4
"""Of TYPE."""

# DebugAnnotation
ANNOTATION_IID: Final = 1
BOOL: Final = 2
UINT: Final = 3
INT: Final = 4
STRING: Final = 6
POINTER: Final = 7
ANNOTATION_NAME: Final = 10
ARRAY: Final = 12
STRING_IID: Final = 17

# InternedData; in each entry IID and its text
CATEGORIES: Final = 1
NAMES: Final = 2
ANNOTATION_NAMES: Final = 3
STRINGS: Final = 29
IID: Final = 1
TEXT: Final = 2

# ClockSnapshot
SNAPSHOT_CLOCK: Final = 1
CLOCK_ID: Final = 1
CLOCK_TIME: Final = 2
INCREMENTAL: Final = 3
MULTIPLIER: Final = 4
REALTIME, BOOTTIME = 1, 6
"""Ids of clocks."""

# TraceAttributes
ATTRIBUTE: Final = 1
KEY: Final = 1
STRING_VALUE: Final = 3

OWN = "timeline"
"""Key of the attribute with the meta and what each track is."""
OWN_ROWS = "timeline.rows"
"""Key of the attributes with rows that no event holds."""

HOST = "host"
"""The tracks of host threads, which calls and ranges share."""

CALL_CATEGORIES: Mapping[str, str] = {"runtime": "cuda_runtime", "driver": "cuda_driver"}
RANGE_CATEGORY = "nvtx"

PLACES: Mapping[str, tuple[str, str]] = {
    "activities": ("device", "stream"),
    HOST: ("process", "thread"),
    "syncs": ("device", "stream"),
    "device_ranges": ("device", "stream"),
    "collectives": ("device", "stream"),
    "allocs": ("device", "stream"),
    "stamps": ("device", "block"),
}
"""Columns that the track of a row tells."""

NAMED_BY: Mapping[str, str] = {"syncs": "kind", "allocs": "kind", "stamps": "role"}
"""Column with the name of the slice, where it isn't ``name``."""

BESIDE = ("streams", "events")
"""Tables that no event holds."""
