"""A recorded trace made worse in one way, in every repeat, by editing its rows in memory.

What is lengthened delays only what comes after it in its stream, or on its copy engine: other
streams run on as they were recorded, so an edit shows no more than the least that would happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from timeline.engines import COPY_ENGINES, SM
from timeline.trace import TABLES, Trace, table

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Edit = Callable[[Rows], bool]

PAGEABLE_SLOWER = 6
"""Pinned 55 GB/s, pageable 9 GB/s."""

STRAY_NS = 20_000


def edited(trace: Trace, edit: Edit) -> Trace | None:
    """The trace with an edit in each of its repeats; None where there is nothing to edit."""
    tables: Rows = {name: [] for name in ("activities", "calls", "syncs", "streams")}
    spans, late = [], 0
    rows = {name: trace.tables[name].to_pylist() for name in tables}
    for first, last in trace.meta.repeats:
        mine = {
            name: [dict(row) for row in found if first <= row["start"] < last]
            for name, found in rows.items()
            if name != "streams"
        }
        mine["streams"] = tables["streams"] or rows["streams"]
        if not mine["activities"]:
            continue
        if not edit(mine):
            return None
        _delay(mine["activities"])
        until = max(last, *(row["end"] for row in mine["activities"])) + 1
        for name in ("activities", "calls", "syncs"):
            tables[name] += [_moved(row, late) for row in mine[name]]
        tables["streams"] = mine["streams"]
        spans.append((first + late, until + late))
        late += until - last
    made = {name: trace.tables[name] for name in TABLES if name not in tables}
    made |= {
        name: table(name, {key: [row[key] for row in found] for key in TABLES[name].names})
        for name, found in tables.items()
    }
    return Trace.from_tables(trace.meta, made).replace(repeats=tuple(spans))


def _moved(row: Row, late: int) -> Row:
    return {**row, "start": row["start"] + late, "end": row["end"] + late}


def _delay(activities: list[Row]) -> None:
    """Nothing starts before its stream and its copy engine are free."""
    free: dict[tuple[Any, ...], int] = {}
    activities.sort(key=lambda row: (row["start"], row["correlation"] or 0))
    for row in activities:
        keys: list[tuple[Any, ...]] = [("stream", row["device"], row["context"], row["stream"])]
        if row["engine"] in COPY_ENGINES:
            keys.append(("engine", row["device"], row["engine"]))
        least = max((free.get(key, 0) for key in keys), default=0)
        late = 0 if row["pdl"] else max(least - row["start"], 0)
        row["start"] += late
        row["end"] += late
        for key in keys:
            free[key] = max(free.get(key, 0), row["end"])


def pageable_copy(rows: Rows) -> bool:
    """The middle copy of pinned memory, of the first device, is of pageable memory."""
    ends = ("src_kind", "dst_kind")
    pinned = [r for r in _of_first_device(rows) if "pinned" in (r["src_kind"], r["dst_kind"])]
    if not pinned:
        return False
    row = pinned[len(pinned) // 2]
    row.update({end: "pageable" for end in ends if row[end] == "pinned"})
    row["end"] += (PAGEABLE_SLOWER - 1) * (row["end"] - row["start"])
    return True


def stray_launch(rows: Rows) -> bool:
    """A kernel of 20 us in the legacy default stream, when half of the repeat's work has started.

    Work in blocking streams waits for it; it waits for nothing, which is less than the truth.
    """
    kernels = [r for r in _of_first_device(rows) if r["engine"] == SM]
    model = kernels[len(kernels) // 2]
    alike = ("device", "context", "process")
    mine = [s for s in rows["streams"] if all(s[k] in (None, model[k]) for k in alike)]
    legacy = next((s for s in mine if s["kind"] == "legacy"), None)
    if legacy is None:
        legacy = {**dict.fromkeys(TABLES["streams"].names), "stream": 0, "kind": "legacy"}
        legacy |= {key: model[key] for key in alike}
        rows["streams"] = [*rows["streams"], legacy]
    begin, end = model["end"], model["end"] + STRAY_NS
    blocking = {s["stream"] for s in mine if s["kind"] in ("blocking", "per_thread")}
    for row in rows["activities"]:
        if row["stream"] in blocking and begin <= row["start"] < end:
            late = end - row["start"]
            row["start"] += late
            row["end"] += late
    stray = {**model, "name": "stray", "stream": legacy["stream"], "start": begin, "end": end}
    rows["activities"].append(stray)
    return True


def _of_first_device(rows: Rows) -> list[Row]:
    first = min(row["device"] for row in rows["activities"])
    return [row for row in rows["activities"] if row["device"] == first]


def lost_event(rows: Rows) -> bool:
    """The middle wait of a stream for an event was not issued; times are as they were."""
    waits = [i for i, r in enumerate(rows["syncs"]) if r["kind"] == "stream_wait_event"]
    if waits:
        del rows["syncs"][waits[len(waits) // 2]]
    return bool(waits)


def slower_kernel(rows: Rows) -> bool:
    """Kernels of every name take a tenth longer."""
    for row in rows["activities"]:
        if row["engine"] == SM:
            row["end"] += (row["end"] - row["start"]) // 10
    return True


def stream_fewer(rows: Rows) -> bool:
    """The work of the stream with the highest number goes into the one with the lowest."""
    streams: dict[tuple[Any, Any], set[int]] = {}
    for row in rows["activities"]:
        streams.setdefault((row["device"], row["context"]), set()).add(row["stream"])
    place = max(sorted(streams, key=str), key=lambda key: len(streams[key]))  # the same in each
    if len(streams[place]) < 2:
        return False
    first, last = min(streams[place]), max(streams[place])
    for row in rows["activities"]:
        if (row["device"], row["context"]) == place and row["stream"] == last:
            row["stream"] = first
    return True


EDITS: Mapping[str, Edit] = {
    "pageable copy": pageable_copy,
    "stray default-stream launch": stray_launch,
    "lost event": lost_event,
    "10 % slower kernel": slower_kernel,
    "one stream fewer": stream_fewer,
}
