"""The index of a trace in a file beside it, mapped into memory when it is opened again."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.errors import TraceError
from timeline.limits import Limits
from timeline.tiles import arrays
from timeline.tiles.arrays import Arrays
from timeline.tiles.coverage import EngineSets
from timeline.tiles.idle import CAUSES
from timeline.tiles.index import Index
from timeline.tiles.layout import Group, Lane, Row
from timeline.tiles.segments import Engine, Segments
from timeline.tiles.track import Level, Spans, Track
from timeline.tiles.waits import Waits
from timeline.trace.source import MAX_META_BYTES, META, opened

__all__ = ["VERSION", "identity_of", "load", "load_idle", "save", "save_idle"]

VERSION = 2
"""Of what an index holds; one of another version is built anew."""

_SPANS = ("start", "end", "row", "name")
_LEVEL = ("bucket", "count", "total", "longest", "long")
_PLAIN = ("origin", "first", "last", "length", "left_out")


def identity_of(path: Path) -> str | None:
    """What changes with the content of a trace that timeline wrote; None for other files.

    Its ``meta.json`` names the checksum of every part.
    """
    try:
        content = opened(path, Limits().raised()).read(META, MAX_META_BYTES)
    except TraceError:
        return None
    return hashlib.sha256(content).hexdigest()


def save(index: Index, path: Path, identity: str) -> None:
    """Write an index to the file ``path``.

    Raises
    ------
    OSError
        When it can't be written.
    """
    held = Arrays()
    content = {
        **{name: getattr(index, name) for name in _PLAIN},
        "view": list(index.view),
        "groups": [dataclasses.asdict(group) for group in index.groups],
        "tracks": [_track(track, held) for track in index.tracks],
        "sets": [
            [device, own.engines, *map(held.add, own.segments.arrays)]
            for device, own in index.sets.items()
        ],
        "engines": [[device, list(own.items())] for device, own in index.engines.items()],
        "names": [
            [table, held.add(_packed(texts)), held.add(index.name_counts[table])]
            for table, texts in index.names.items()
        ],
        "kernel_ns": [
            held.add(np.array(list(part), np.int64))
            for part in (index.kernel_ns.keys(), index.kernel_ns.values())
        ],
        "waits": [held.add(index.waits.waiting), held.add(index.waits.waited_for)],
    }
    arrays.write(path, identity, VERSION, content, held)


def load(path: Path, identity: str) -> Index | None:
    """The index in the file ``path``; None unless it is one of this very trace, and whole."""
    found = arrays.read(path, identity, VERSION)
    if found is None:
        return None
    try:
        return _index(*found)
    except (KeyError, TypeError, ValueError, IndexError, pa.ArrowException):
        return None


def save_idle(idle: Mapping[Engine, Segments], path: Path, identity: str) -> None:
    """Write causes of idle time to the file ``path``.

    Raises
    ------
    OSError
        When it can't be written.
    """
    held = Arrays()
    content = [[*engine, *map(held.add, own.arrays)] for engine, own in idle.items()]
    arrays.write(path, identity, VERSION, content, held)


def load_idle(path: Path, identity: str) -> dict[Engine, Segments] | None:
    """The causes in the file ``path``; None unless they are of this very trace, and whole."""
    found = arrays.read(path, identity, VERSION)
    if found is None:
        return None
    try:
        return {
            (device, engine): _segments(found[1], numbers, len(CAUSES) + 1)
            for device, engine, *numbers in found[0]
        }
    except (TypeError, ValueError, IndexError):
        return None


def _index(content: Any, held: Sequence[npt.NDArray[Any]]) -> Index:
    codes, lengths = (held[number].tolist() for number in content["kernel_ns"])
    first, last = content["view"]
    return Index(
        groups=tuple(Group(group["label"], _lanes(group["lanes"])) for group in content["groups"]),
        tracks=tuple(_read_track(track, held) for track in content["tracks"]),
        sets=dict(_read_sets(each, held) for each in content["sets"]),
        engines={
            device: {engine: tuple(tracks) for engine, tracks in own}
            for device, own in content["engines"]
        },
        names={table: _unpacked(held[texts]) for table, texts, _ in content["names"]},
        name_counts={table: held[counts] for table, _, counts in content["names"]},
        kernel_ns=dict(zip(codes, lengths, strict=True)),
        view=(first, last),
        waits=Waits(*(held[number] for number in content["waits"])),
        **{name: content[name] for name in _PLAIN},
    )


def _track(track: Track, held: Arrays) -> list[Any]:
    levels = [
        [level.level, *(held.add(getattr(level, name)) for name in _LEVEL)]
        for level in track.levels
    ]
    return [[held.add(getattr(track.spans, name)) for name in _SPANS], levels]


def _read_track(track: Any, held: Sequence[npt.NDArray[Any]]) -> Track:
    spans, levels = track
    return Track(
        Spans(*(held[number] for number in spans)),
        tuple(Level(level, *(held[number] for number in own)) for level, *own in levels),
    )


def _read_sets(each: Any, held: Sequence[npt.NDArray[Any]]) -> tuple[int, EngineSets]:
    device, engines, *numbers = each
    return device, EngineSets(tuple(engines), _segments(held, numbers, 1 << len(engines)))


def _segments(held: Sequence[npt.NDArray[Any]], numbers: Sequence[int], count: int) -> Segments:
    edges, codes, sums = (held[number] for number in numbers)
    return Segments(edges, codes, sums.reshape(-1, count))


def _lanes(lanes: Any) -> tuple[Lane, ...]:
    return tuple(
        Lane(
            lane["key"],
            lane["label"],
            lane["table"],
            lane["look"],
            tuple(Row(**{**row, "tracks": tuple(row["tracks"])}) for row in lane["rows"]),
            _lanes(lane["parts"]),
        )
        for lane in lanes
    )


def _packed(texts: pa.Array) -> npt.NDArray[np.uint8]:
    batch = pa.record_batch([texts.cast(pa.string())], ["text"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return np.frombuffer(sink.getvalue(), np.uint8)


def _unpacked(packed: npt.NDArray[np.uint8]) -> pa.Array:
    with pa.ipc.open_stream(pa.py_buffer(packed)) as stream:
        found = stream.read_next_batch().column(0)
    found.validate(full=True)
    return found
