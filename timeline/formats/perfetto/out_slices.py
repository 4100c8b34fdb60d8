"""Rows of the tables as slices and instants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.formats.nesting import further_lanes, numbered
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Part, Varint
from timeline.formats.perfetto.out_arguments import Optional, argument, coded, valid
from timeline.formats.perfetto.out_arrows import Arrows
from timeline.formats.perfetto.out_source import (
    EMPTY_CLOSES,
    EMPTY_OPENS,
    ENDS,
    Source,
    track_event,
)
from timeline.formats.perfetto.out_texts import Texts
from timeline.formats.perfetto.out_tracks import Tracks
from timeline.trace import Trace

__all__ = ["closing", "opening_order", "slices"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SHARED = (
    ("activities",),
    ("calls", "ranges"),
    ("syncs",),
    ("device_ranges",),
    ("collectives",),
    ("allocs",),
    ("stamps",),
)
"""Tables whose rows lie on the same tracks."""

_CATEGORIES = {
    "ranges": schema.RANGE_CATEGORY,
    "syncs": "cuda_sync",
    "device_ranges": "gpu_user_annotation",
    "collectives": "collective",
    "allocs": "alloc",
    "stamps": "stamp",
}
_TELLS_CATEGORY = {"activities": "kind", "calls": "api"}


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows of a table, with their times on the file's clock."""

    table: str
    trace: Trace
    start: Int64
    end: Int64
    instant: Mask

    @classmethod
    def of(cls, trace: Trace, table: str, shift_ns: int) -> _Rows:
        start, end = (trace.column(table, name) for name in ("start", "end"))
        ended = valid(trace.tables[table]["end"])
        instant = np.zeros(len(start), np.bool_) if ended is None else ~ended
        if table == "ranges":
            marks = [name == "mark" for name in trace.names(table, "kind")]
            instant |= np.array([*marks, False])[trace.column(table, "kind")] & (start == end)
        end = np.where(instant, start, np.maximum(start, end))
        return cls(table, trace, start + shift_ns, end + shift_ns, instant)

    def place(self) -> tuple[str, tuple[Int64, Int64]]:
        name = schema.HOST if self.table in ("calls", "ranges") else self.table
        first, second = (self.trace.column(self.table, c) for c in schema.PLACES[name])
        return name, (first.astype(np.int64), second.astype(np.int64))


def slices(trace: Trace, shift_ns: int, tracks: Tracks, texts: Texts) -> Iterator[Source]:
    """Events of every table that events can hold; every row must have a start."""
    arrows = Arrows(trace)
    for tables in _SHARED:
        shared = [_Rows.of(trace, name, shift_ns) for name in tables]
        for rows, track in zip(shared, _tracks(shared, tracks), strict=True):
            yield from _events(rows, track, texts, arrows)


def _tracks(shared: Sequence[_Rows], tracks: Tracks) -> Iterator[Int64]:
    """Track of each row of each of the tables."""
    place = shared[0].place()[0]
    columns = [np.concatenate(both) for both in zip(*(r.place()[1] for r in shared), strict=True)]
    owners, keys = numbered(*columns)
    start, end = (np.concatenate([getattr(r, n) for r in shared]) for n in ("start", "end"))
    nested = place != "activities"
    lanes = np.array(further_lanes(owners, start, end, nested=nested), np.int64)
    numbers, both = numbered(owners, lanes)
    known = [tracks.of_rows(place, keys[owner], lane) for owner, lane in both]
    found = np.array(known, np.int64)[numbers]
    sizes = [len(rows.start) for rows in shared]
    yield from np.split(found, np.cumsum(sizes)[:-1])


def _events(rows: _Rows, track: Int64, texts: Texts, arrows: Arrows) -> Iterator[Source]:
    fields = _fields(rows, texts)
    pattern = rows.instant.astype(np.int64)
    for place, field in enumerate(fields):
        if field.there is not None:
            pattern |= field.there.astype(np.int64) << (place + 1)
    counts = np.zeros(len(pattern), np.int64)
    if rows.table == "calls":
        counts = arrows.counts
    elif rows.table == "activities":
        counts = arrows.tied.astype(np.int64)
    groups, members = numbered(pattern, counts)
    for number, (bits, arrow_count) in enumerate(members):
        mine = np.flatnonzero(groups == number)
        there = [f for p, f in enumerate(fields) if f.there is None or bits >> (p + 1) & 1]
        kind = schema.INSTANT if bits & 1 else schema.BEGIN
        yield _Begins(rows, track, mine, there, kind, arrows, arrow_count).source()
    lasting = np.flatnonzero(~rows.instant)
    yield closing(track[lasting], rows.start[lasting], rows.end[lasting])


@dataclass(frozen=True, slots=True, eq=False)
class _Begins:
    """Rows of a table that have the same fields."""

    rows: _Rows
    track: Int64
    mine: Int64
    fields: Sequence[Optional]
    kind: int
    arrows: Arrows
    arrow_count: int

    def source(self) -> Source:
        start, end = self.rows.start[self.mine], self.rows.end[self.mine]
        return Source(start, opening_order(start, end), self.parts)

    def parts(self, chosen: Int64) -> list[Part]:
        rows = self.mine[chosen]
        found: list[Part] = [*track_event(self.kind, self.track[rows])]
        found += [field.part(rows) for field in self.fields]
        if self.rows.table == "activities" and self.arrow_count:
            found.append(self.arrows.head(rows))
        elif self.rows.table == "calls":
            found += self.arrows.tails(rows, self.arrow_count)
        return found


def opening_order(start: Int64, end: Int64) -> Int64:
    """:attr:`Source.order` of begins."""
    return np.where(start == end, EMPTY_OPENS, -end)


def closing(track: Int64, start: Int64, end: Int64) -> Source:
    """The ends of slices."""
    order = np.where(start == end, EMPTY_CLOSES, ENDS)
    return Source(end, order, lambda rows: track_event(schema.END, track[rows]))


def _fields(rows: _Rows, texts: Texts) -> list[Optional]:
    """Category, name and annotations."""
    table, source = rows.table, rows.trace.tables[rows.table]
    named = schema.NAMED_BY.get(table, "name")
    told = (*schema.PLACES[rows.place()[0]], named, "start", "end", _TELLS_CATEGORY.get(table))
    names = coded(source[named], schema.NAMES, texts)
    found = [
        _category(rows, texts),
        Optional(valid(source[named]), lambda chosen: Varint(schema.NAME_IID, names[chosen])),
    ]
    found += [
        argument(column, source[column], texts)
        for column in source.column_names
        if column not in told and source[column].null_count < len(source)
    ]
    if table == "ranges" and rows.instant.any():
        ended = valid(source["end"])
        point = rows.instant if ended is None else rows.instant & ended
        found.append(Optional(point, argument("end", source["end"], texts).part))
    return found


def _category(rows: _Rows, texts: Texts) -> Optional:
    column = _TELLS_CATEGORY.get(rows.table)
    if column is None:
        number = texts.number(schema.CATEGORIES, _CATEGORIES[rows.table])
        return Optional(None, lambda chosen: Varint(schema.CATEGORY_IID, number))
    words = rows.trace.names(rows.table, column)
    if rows.table == "calls":
        words = [schema.CALL_CATEGORIES.get(word, f"cuda_{word}") for word in words]
    numbers = np.append(texts.numbers(schema.CATEGORIES, words), 0)
    codes = rows.trace.column(rows.table, column)
    there = valid(rows.trace.tables[rows.table][column])
    return Optional(there, lambda chosen: Varint(schema.CATEGORY_IID, numbers[codes[chosen]]))
