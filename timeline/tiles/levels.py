"""Levels of detail of a track: how many short spans start in buckets of powers of two of ns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.tiles.track import Level, Spans

__all__ = ["DIRECT", "levels_of", "starting"]

UInt32 = npt.NDArray[np.uint32]

DIRECT = 1 << 14
"""Spans that a tile sums up itself, in well below a millisecond."""

_MEAN = 8
"""Spans in a bucket of the finest level, at least, in the mean of those that have any."""


def levels_of(spans: Spans) -> tuple[Level, ...]:
    """All levels of a track's spans, from the finest worth keeping to one of a single bucket."""
    if len(spans) <= DIRECT:
        return ()
    length = spans.end - spans.start
    level = _finest(spans.start)
    found = [_first(spans.start, length, level)]
    last = max(int(spans.end[-1]), 1).bit_length()
    while found[-1].level < last:
        found.append(_coarser(found[-1], spans.start, length))
    return tuple(found)


def _finest(start: Int64) -> int:
    step = max(len(start) >> 16, 1)
    gap = int(np.median(np.diff(start[::step]))) // step
    level = (gap * _MEAN).bit_length()
    while np.count_nonzero(np.diff(start >> level)) + 1 > len(start) // _MEAN:
        level += 1
    return level


def _first(start: Int64, length: Int64, level: int) -> Level:
    short = length < (1 << level)
    if short.all():
        return Level(level, *starting(start >> level, length, None), np.zeros(0, np.uint32))
    place = np.flatnonzero(short).astype(np.uint32)
    counted = starting(start[place] >> level, length[place], place)
    return Level(level, *counted, np.flatnonzero(~short).astype(np.uint32))


def starting(
    bucket: Int64, length: Int64, place: UInt32 | None
) -> tuple[Int64, UInt32, Int64, UInt32]:
    """Sum up spans, ascending by bucket: buckets, counts, totals, places of the longest."""
    if not len(bucket):
        nothing = np.zeros(0, np.uint32)
        return bucket, nothing, length, nothing
    opens = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    count = np.diff(opens, append=len(bucket))
    chosen = _first_of_longest(length, opens, count)
    longest = chosen.astype(np.uint32) if place is None else place[chosen]
    total = np.add.reduceat(length, opens)
    return bucket[opens], count.astype(np.uint32), total, longest


def _first_of_longest(length: Int64, opens: Int64, count: Int64) -> Int64:
    most = np.maximum.reduceat(length, opens)
    equal = np.flatnonzero(length == np.repeat(most, count))
    of = np.searchsorted(opens, equal, "right")
    found: Int64 = equal[np.flatnonzero(np.diff(of, prepend=0))]
    return found


def _coarser(fine: Level, start: Int64, length: Int64) -> Level:
    """Buckets of twice the width: two of the fine ones each, and spans that are short now."""
    level = fine.level + 1
    short = length[fine.long] < (1 << level)
    place = fine.long[short]
    bucket = np.concatenate((fine.bucket >> 1, start[place] >> level))
    count = np.concatenate((fine.count, np.ones(len(place), np.uint32)))
    total = np.concatenate((fine.total, length[place]))
    longest = np.concatenate((fine.longest, place))
    if len(place):
        order = np.lexsort((longest, bucket))
        bucket, count = bucket[order], count[order]
        total, longest = total[order], longest[order]
    if not len(bucket):
        return Level(level, bucket, count, total, longest, fine.long)
    opens = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    members = np.diff(opens, append=len(bucket))
    chosen = _first_of_longest(length[longest], opens, members)
    return Level(
        level,
        bucket[opens],
        np.add.reduceat(count, opens).astype(np.uint32),
        np.add.reduceat(total, opens),
        longest[chosen],
        fine.long[~short],
    )
