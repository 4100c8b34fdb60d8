"""A trace of a few rows in which no column is empty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from timeline.trace import TABLES, Device, Meta, Trace, table

__all__ = ["META", "small_trace"]

META = Meta(
    "cupti",
    1_700_000_000_000_000_000,
    (Device(0, "GPU", "9.0", 132, 3, 1 << 36),),
    {"technique": "pdl", "variant": "pdl"},
    ((0, 900),),
    "gated",
    1,
    2,
    {"host": "h"},
    ("A note.",),
)
_WORDS = {
    "kind": ("kernel", "memcpy", "memset"),
    "engine": ("SM", "H2D", "MEMSET"),
    "copy_kind": ("HtoD", "DtoH", "PtoP"),
    "api": ("runtime", "driver", "runtime"),
    "origin": ("activity", "host", "host"),
}
_KINDS = {
    "ranges": ("push_pop", "start_end", "mark"),
    "syncs": ("event_synchronize", "stream_wait_event", "device_synchronize"),
    "streams": ("blocking", "non_blocking", "legacy"),
    "allocs": ("malloc", "free_async", "free"),
}


def small_trace(*tables: str, rows: int = 3) -> Trace:
    """A trace of some tables, or of all."""
    made = {name: table(name, _columns(name, rows), rows) for name in tables or TABLES}
    return Trace.from_tables(META, made)


def _columns(name: str, rows: int) -> dict[str, Any]:
    number = np.arange(rows, dtype=np.int64)
    found = {
        field.name: _values(name, field, number, place) for place, field in enumerate(TABLES[name])
    }
    if "start" in found:
        found |= {"start": number * 100, "end": number * 100 + 150}
    return found | {key: number + 1 for key in ("correlation",) if key in found}


def _values(name: str, field: pa.Field, number: Any, place: int) -> Any:
    kind = field.type
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        words = _KINDS.get(name, _WORDS["kind"]) if field.name == "kind" else _WORDS.get(field.name)
        texts = words or tuple(f"{field.name} {i}" for i in range(3))
        return [texts[i % 3] for i in number.tolist()]
    if pa.types.is_fixed_size_list(kind):
        return np.stack([number + 1, number * 0 + 2, number * 0 + 1], axis=1)
    if pa.types.is_boolean(kind):
        return number % 2 == 1
    return number % 2 + place
