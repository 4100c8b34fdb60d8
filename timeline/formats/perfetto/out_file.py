"""From a Trace to Perfetto's protobuf, in order of time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.formats.options import Progress
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Message, Part, Varint, encoded, text
from timeline.formats.perfetto.out_decoration import decoration
from timeline.formats.perfetto.out_slices import slices
from timeline.formats.perfetto.out_source import Source
from timeline.formats.perfetto.out_texts import Texts
from timeline.formats.perfetto.out_tracks import Tracks
from timeline.formats.replacing import replacing_file
from timeline.trace import Trace

__all__ = ["write"]

Int64 = npt.NDArray[np.int64]

_WINDOW = 1 << 17
"""Events put together at a time."""
_ROWS = 1 << 14
"""Rows of a packet that says them as JSON; readers, this one too, limit the size of a packet."""


def write(trace: Trace, path: Path, progress: Progress | None = None) -> None:
    """See :meth:`timeline.formats.format.Format.write`."""
    drawn = _with_starts(trace)
    shift_ns = _shift(drawn)
    tracks, texts = Tracks(trace.meta), Texts()
    sources = list(decoration(drawn, shift_ns, tracks, texts))
    sources += slices(drawn, shift_ns, tracks, texts)
    with replacing_file(path) as file:
        file.write(_head(trace, shift_ns, tracks))
        for packet in (*tracks.packets(), *texts.packets()):
            file.write(packet)
        _write_events(file, sources, progress)


def _with_starts(trace: Trace) -> Trace:
    """Without the rows that no time is known of, which can't be drawn."""
    tables = {}
    for name, table in trace.tables.items():
        if "start" in table.column_names and table["start"].null_count:
            table = table.filter(pc.is_valid(table["start"])).combine_chunks()
        tables[name] = table
    return Trace(trace.meta, tables)


def _shift(trace: Trace) -> int:
    """What to add to every time, so that none is negative, as the file's are unsigned."""
    lowest = 0
    for table in trace.tables.values():
        if "start" in table.column_names and table.num_rows:
            lowest = min(lowest, pc.min(table["start"]).as_py())
    return -lowest


def _head(trace: Trace, shift_ns: int, tracks: Tracks) -> bytes:
    """The clocks, and what no event holds."""
    own = {
        "meta": trace.meta.to_json(),
        "shift_ns": shift_ns,
        "tracks": tracks.held,
    }
    start: tuple[Part, ...] = (
        Varint(schema.SEQUENCE, 1),
        Varint(schema.FLAGS, schema.STARTS),
        Varint(schema.CLEARED, 1),
    )
    packets = [Message(schema.PACKET, (*start, _attribute(schema.OWN, own)))]
    for name in schema.BESIDE:
        for first in range(0, trace.rows(name), _ROWS):
            rows = {"table": name, "columns": _columns(trace.tables[name].slice(first, _ROWS))}
            said = Varint(schema.SEQUENCE, 1), _attribute(schema.OWN_ROWS, rows)
            packets.append(Message(schema.PACKET, said))
    if trace.meta.epoch_ns > 0:
        packets.append(Message(schema.PACKET, (_clocks(trace.meta.epoch_ns, shift_ns),)))
    return b"".join(encoded([packet]).tobytes() for packet in packets)


def _clocks(epoch_ns: int, shift_ns: int) -> Message:
    """The file's clock beside that of the day, both at the trace's time 0."""
    times = {schema.BOOTTIME: shift_ns, schema.REALTIME: epoch_ns}
    return Message(
        schema.CLOCK_SNAPSHOT,
        [
            Message(
                schema.SNAPSHOT_CLOCK,
                (Varint(schema.CLOCK_ID, clock), Varint(schema.CLOCK_TIME, time)),
            )
            for clock, time in times.items()
        ],
    )


def _attribute(key: str, value: Any) -> Message:
    said = text(schema.KEY, key), text(schema.STRING_VALUE, json.dumps(value))
    return Message(schema.ATTRIBUTES, (Message(schema.ATTRIBUTE, said),))


def _columns(source: pa.Table) -> dict[str, list[Any]]:
    held = [c for c in source.column_names if source[c].null_count < len(source)]
    return {name: source[name].to_pylist() for name in held}


def _write_events(file: BinaryIO, sources: Sequence[Source], progress: Progress | None) -> None:
    if not sources:
        return
    sizes = np.array([len(source.times) for source in sources])
    first = np.cumsum(sizes) - sizes
    order = _order(sources)
    owner = np.repeat(np.arange(len(sources), dtype=np.int32), sizes)[order]
    for begin in range(0, len(order), _WINDOW):
        if progress is not None:
            progress(begin, len(order))
        window = slice(begin, begin + _WINDOW)
        file.write(_together(sources, first, owner[window], order[window]))


def _order(sources: Sequence[Source]) -> Int64:
    """All events by time, and of one time by their order."""
    times = np.concatenate([source.times for source in sources])
    order = np.argsort(times, kind="stable")
    sorted_times = times[order]
    same = np.zeros(len(order) + 1, np.bool_)
    same[1:-1] = sorted_times[1:] == sorted_times[:-1]
    tied = np.flatnonzero(same[1:] | same[:-1])
    if len(tied):
        rank = np.concatenate([source.order for source in sources])
        rows = order[tied]
        order[tied] = rows[np.lexsort((rank[rows], times[rows]))]
    return order


def _together(
    sources: Sequence[Source], first: Int64, owner: npt.NDArray[np.int32], rows: Int64
) -> memoryview:
    """The packets of some events, one after the other."""
    lengths = np.zeros(len(rows), np.int64)
    made = []
    for number in np.flatnonzero(np.bincount(owner)).tolist():
        mine = np.flatnonzero(owner == number)
        matrix = encoded(sources[number].packets(rows[mine] - first[number]), len(mine))
        lengths[mine] = matrix.shape[1]
        made.append((mine, matrix))
    ends = np.cumsum(lengths)
    whole = np.empty(int(ends[-1]), np.uint8)
    for mine, matrix in made:
        width = matrix.shape[1]
        # Items of `width` bytes that begin at every byte, to be set where the packets begin.
        places: npt.NDArray[np.void] = np.ndarray(
            (len(whole) - width + 1,), f"V{width}", whole, strides=(1,)
        )
        places[ends[mine] - width] = matrix.view(f"V{width}").reshape(-1)
    return whole.data
