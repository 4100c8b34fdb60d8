"""What only viewers need: engines as tracks, how many are busy, kernels around their stamps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from timeline.formats.engine_load import busy_engines, engine_unions
from timeline.formats.nesting import further_lanes, numbered
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Part, Varint
from timeline.formats.perfetto.out_slices import closing, opening_order
from timeline.formats.perfetto.out_source import ENDS, Source, track_event
from timeline.formats.perfetto.out_texts import Texts
from timeline.formats.perfetto.out_tracks import Tracks
from timeline.trace import Trace

__all__ = ["decoration"]

Int64 = npt.NDArray[np.int64]


def decoration(trace: Trace, shift_ns: int, tracks: Tracks, texts: Texts) -> Iterator[Source]:
    """Events that add nothing to the trace's rows."""
    category = texts.number(schema.CATEGORIES, "engine")
    name = texts.number(schema.NAMES, "busy")
    yield from _stamped_kernels(trace, shift_ns, tracks, texts)
    for device, unions in engine_unions(trace):
        for engine, (starts, ends) in unions.items():
            track = np.full(len(starts), tracks.of_engine(device, engine), np.int64)
            names = np.full(len(starts), name, np.int64)
            yield from _slices(track, starts + shift_ns, ends + shift_ns, category, names)
        times, busy = busy_engines(unions)
        yield _counter(tracks.of_load(device), times + shift_ns, busy)


def _slices(
    track: Int64, start: Int64, end: Int64, category: int, names: Int64
) -> Iterator[Source]:
    def parts(rows: Int64) -> tuple[Part, ...]:
        named = Varint(schema.CATEGORY_IID, category), Varint(schema.NAME_IID, names[rows])
        return (*track_event(schema.BEGIN, track[rows]), *named)

    yield Source(start, opening_order(start, end), parts)
    yield closing(track, start, end)


def _stamped_kernels(trace: Trace, shift_ns: int, tracks: Tracks, texts: Texts) -> Iterator[Source]:
    """Of each block, the kernels from their first stamp to their last one."""
    columns = [
        trace.column("stamps", c).astype(np.int64) for c in ("device", "block", "correlation")
    ]
    groups, keys = numbered(*columns)
    if not keys:
        return
    order = np.argsort(groups, kind="stable")
    first = np.flatnonzero(np.diff(groups[order], prepend=-1))
    start = np.minimum.reduceat(trace.column("stamps", "start")[order], first) + shift_ns
    end = np.maximum.reduceat(trace.column("stamps", "end")[order], first) + shift_ns
    device, block, correlation = (np.array(column, np.int64) for column in zip(*keys, strict=True))
    owners, blocks = numbered(device, block)
    lanes = further_lanes(owners, start, end, nested=False)
    track = [
        tracks.of_block(blocks[owner][0], blocks[owner][1], lane)
        for owner, lane in zip(owners.tolist(), lanes, strict=True)
    ]
    category = texts.number(schema.CATEGORIES, "stamped kernel")
    names = _names(trace, correlation, texts)
    yield from _slices(np.array(track, np.int64), start, end, category, names)


def _names(trace: Trace, correlation: Int64, texts: Texts) -> Int64:
    """Numbers of the names of the kernels with these correlation ids."""
    known = trace.column("activities", "correlation")
    wanted = np.flatnonzero(np.isin(known, correlation))
    codes, words = trace.column("activities", "name"), trace.names("activities", "name")
    found = {int(known[row]): words[codes[row]] for row in wanted.tolist() if codes[row] >= 0}
    said = [found.get(number, "kernel") for number in correlation.tolist()]
    return texts.numbers(schema.NAMES, said)


def _counter(track: int, times: Int64, values: Int64) -> Source:
    order = np.full(len(times), ENDS, np.int64)
    tracks = np.full(len(times), track, np.int64)
    return Source(
        times,
        order,
        lambda rows: (
            *track_event(schema.COUNT, tracks[rows]),
            Varint(schema.COUNTER_VALUE, values[rows]),
        ),
    )
