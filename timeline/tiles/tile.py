"""A tile: what one row of the picture shows in 512 buckets of a power of two of ns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.tiles.levels import starting
from timeline.tiles.track import Level, Track

__all__ = ["BUCKETS", "Tile", "tile"]

BUCKETS = 512
"""Buckets of a tile."""

UInt32 = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False, slots=True)
class Tile:
    """Bars and merged bars of a row, over the tracks it shows.

    Attributes
    ----------
    start, end : (n,) int64
        Of the bars, whole, ns after the origin: spans as long as a bucket or longer that touch the
        tile, and those alone in the bucket in which they start.
    place, name, track : (n,) int
        Of each bar its place in its track, its name's code, and the track's number.
    bucket : (m,) int64
        Bucket in the tile of each merged bar, which stands for the shorter spans, two or more, that
        start in it.
    count, total : (m,) int64
        How many those are, and the sum of their lengths, ns.
    longest, longest_track, longest_name : (m,) int
        The first of the longest of them.
    """

    start: Int64
    end: Int64
    place: Int64
    name: npt.NDArray[np.int32]
    track: Int64
    bucket: Int64
    count: Int64
    total: Int64
    longest: Int64
    longest_track: Int64
    longest_name: npt.NDArray[np.int32]

    @property
    def spans(self) -> int:
        """Spans that it stands for."""
        return len(self.start) + int(self.count.sum())


def tile(tracks: Sequence[tuple[int, Track]], level: int, index: int) -> Tile:
    """Tile ``index`` of a row at a level: ``[index, index + 1) * BUCKETS * 2**level`` ns.

    Parameters
    ----------
    tracks : sequence of (number, Track)
        Those that the row shows.
    level, index : int
        A bucket has ``2**level`` ns; tiles are counted from the index's origin.
    """
    first = index * BUCKETS
    places, numbers, merged = [], [], []
    for number, track in tracks:
        long, counted = _read(track, level, first)
        places.append(long)
        numbers.append(np.full(len(long), number))
        merged.append((*counted, np.full(len(counted[0]), number)))
    by_number = dict(tracks)
    bucket, count, total, longest, of = (np.concatenate(c) for c in zip(*merged, strict=True))
    if len(tracks) > 1:
        bucket, count, total, longest, of = _joined(by_number, bucket, count, total, longest, of)
    alone = count == 1
    place = np.concatenate((*places, longest[alone]))
    track_of = np.concatenate((*numbers, of[alone]))
    start, end, name = _columns(by_number, track_of, place)
    order = np.argsort(start, kind="stable")
    many = ~alone
    return Tile(
        start[order],
        end[order],
        place[order],
        name[order],
        track_of[order],
        bucket[many] - first,
        count[many],
        total[many],
        longest[many],
        of[many],
        _columns(by_number, of[many], longest[many])[2],
    )


_Counted = tuple[Int64, Int64, Int64, Int64]


def _read(track: Track, level: int, first: int) -> tuple[Int64, _Counted]:
    """Places of the long spans that touch a tile, and what starts in its buckets."""
    lo, hi = track.touching(first << level, (first + BUCKETS) << level)
    found = _level(track, level)
    if found is None or hi - lo <= BUCKETS:
        return _direct(track, level, first, lo, hi)
    a, b = np.searchsorted(found.bucket, (first, first + BUCKETS))
    here, until = np.searchsorted(found.long, (lo, hi))
    counted = (found.bucket[a:b], found.count[a:b], found.total[a:b], found.longest[a:b])
    return found.long[here:until].astype(np.int64), _as_int64(counted)


def _level(track: Track, level: int) -> Level | None:
    """The level as it was kept, if it was."""
    place = level - track.levels[0].level if track.levels else -1
    return track.levels[place] if 0 <= place < len(track.levels) else None


def _direct(track: Track, level: int, first: int, lo: int, hi: int) -> tuple[Int64, _Counted]:
    part = track.spans.part(lo, hi)
    length = part.end - part.start
    long = length >= 1 << level
    # A short span from before the tile belongs to the tile in which it starts.
    short = np.flatnonzero(~long & (part.start >= first << level))
    place = (short + lo).astype(np.uint32)
    counted = starting(part.start[short] >> level, length[short], place)
    return np.flatnonzero(long) + lo, _as_int64(counted)


def _as_int64(counted: tuple[npt.NDArray[np.generic], ...]) -> _Counted:
    bucket, count, total, longest = (column.astype(np.int64) for column in counted)
    return bucket, count, total, longest


def _joined(
    tracks: dict[int, Track], bucket: Int64, count: Int64, total: Int64, longest: Int64, of: Int64
) -> tuple[Int64, Int64, Int64, Int64, Int64]:
    """Merged bars of several tracks, those of one bucket together."""
    if not len(bucket):
        return bucket, count, total, longest, of
    start, end, _ = _columns(tracks, of, longest)
    order = np.lexsort((start, start - end, bucket))
    bucket, of, longest = bucket[order], of[order], longest[order]
    opens = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    count, total = np.add.reduceat(count[order], opens), np.add.reduceat(total[order], opens)
    return bucket[opens], count, total, longest[opens], of[opens]


def _columns(
    tracks: dict[int, Track], of: Int64, place: Int64
) -> tuple[Int64, Int64, npt.NDArray[np.int32]]:
    if len(tracks) == 1:
        (spans,) = (track.spans for track in tracks.values())
        return spans.start[place], spans.end[place], spans.name[place]
    start, end = np.empty(len(of), np.int64), np.empty(len(of), np.int64)
    name = np.empty(len(of), np.int32)
    for number in np.unique(of).tolist():
        mine = of == number
        spans, at = tracks[number].spans, place[mine]
        start[mine], end[mine], name[mine] = spans.start[at], spans.end[at], spans.name[at]
    return start, end, name
