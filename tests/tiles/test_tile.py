"""A tile of any window is what one gets by looking at each span."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.tiles import BUCKETS, Index, Lane, Tile, build, tile
from timeline.trace import Trace

Activities = list[tuple[int, int, int, int, int]]


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    name: int


def activities(most: int = 60) -> st.SearchStrategy[Activities]:
    """Short ones and long ones, at times that often coincide."""
    length = st.one_of(st.integers(0, 4), st.integers(0, 3000))
    one = st.tuples(
        st.integers(0, 4000), length, st.integers(0, 4), st.integers(7, 9), st.integers(0, 3)
    )
    return st.lists(one, min_size=1, max_size=most)


def spans_of(index: Index, lane: Lane, row: int, first: int, last: int) -> list[Span]:
    """The spans of a row that touch ``[first, last)``, or start in it."""
    found: list[tuple[int, int, int]] = []
    for number in lane.rows[row].tracks:
        spans = index.tracks[number].spans
        touching = (spans.start < last) & ((spans.end > first) | (spans.start >= first))
        columns = (spans.start, spans.end, spans.name)
        found += zip(*(column[touching].tolist() for column in columns), strict=True)
    return [Span(*values) for values in found]


Bars = list[tuple[int, int, int]]
Merged = list[tuple[int, int, int, int]]


def expected(spans: list[Span], level: int, place: int) -> tuple[Bars, Merged]:
    """Bars as (start, end, name); merged bars as (bucket, count, total, name of the longest)."""
    width = 1 << level
    first, last = place * BUCKETS * width, (place + 1) * BUCKETS * width
    bars = [span for span in spans if span.end - span.start >= width]
    short: dict[int, list[Span]] = {}
    for span in spans:
        if span.end - span.start < width and first <= span.start < last:
            short.setdefault(span.start // width - place * BUCKETS, []).append(span)
    merged = []
    for bucket, inside in sorted(short.items()):
        if len(inside) == 1:
            bars += inside
            continue
        total = sum(s.end - s.start for s in inside)
        longest = max(s.end - s.start for s in inside)
        names = {s.name for s in inside if s.end - s.start == longest}
        merged.append((bucket, len(inside), total, min(names) if len(names) == 1 else -9))
    return sorted((s.start, s.end, s.name) for s in bars), merged


def found(tile: Tile, merged: Merged) -> tuple[Bars, Merged]:
    """A tile in the form of :func:`expected`; -9 for a longest that is one of several."""
    bars = sorted(zip(tile.start.tolist(), tile.end.tolist(), tile.name.tolist(), strict=True))
    known = {bucket: name for bucket, _, _, name in merged}
    columns = (tile.bucket, tile.count, tile.total, tile.longest_name)
    rows = zip(*(c.tolist() for c in columns), strict=True)
    return bars, [(b, c, t, -9 if known.get(b) == -9 else name) for b, c, t, name in rows]


def rows_of(index: Index) -> Iterator[tuple[Lane, int]]:
    for lane in index.lanes():
        if lane.table not in ("engines", "idle"):
            yield from ((lane, row) for row in range(len(lane.rows)))


def agree(index: Index, level: int, place: int) -> None:
    for lane, row in rows_of(index):
        first = place * BUCKETS << level
        spans = spans_of(index, lane, row, first, first + (BUCKETS << level))
        bars, merged = expected(spans, level, place)
        numbers = lane.rows[row].tracks
        got = tile([(number, index.tracks[number]) for number in numbers], level, place)
        assert found(got, merged) == (bars, merged)


@given(activities(), st.integers(0, 14), st.integers(-1, 12))
def test_a_tile_is_what_its_spans_say(
    traced: Callable[..., Trace], made: Activities, level: int, place: int
) -> None:
    agree(build(traced(made)), level, place)


@pytest.fixture(scope="module")
def index(large: Trace) -> Index:
    return build(large)


@pytest.mark.parametrize("level", [0, 5, 9, 11, 12, 14, 17, 20, 24, 30])
def test_kept_levels_say_the_same_as_the_spans(index: Index, level: int) -> None:
    assert any(track.levels for track in index.tracks)
    last = index.last >> level >> 9
    for place in sorted({0, last // 3, last // 2, last}):
        agree(index, level, place)


@pytest.mark.parametrize("level", [8, 12, 16, 20])
def test_every_span_is_in_the_tiles_of_each_level_once(
    index: Index, large: Trace, level: int
) -> None:
    """Counting a span where it starts, the tiles hold as many as the trace has activities."""
    (lane,) = (lane for lane in index.lanes() if lane.key == "gpu0/SM")
    total = 0
    for place in range((index.last >> level) // BUCKETS + 1):
        begin = place * BUCKETS << level
        for row in lane.rows:
            got = tile([(number, index.tracks[number]) for number in row.tracks], level, place)
            total += int((got.start >= begin).sum()) + int(got.count.sum())
            total -= int((got.start >= begin + (BUCKETS << level)).sum())
    assert total == large.activities.num_rows


def test_the_coarsest_level_holds_everything(index: Index) -> None:
    for track in index.tracks:
        if track.levels:
            top = track.levels[-1]
            assert int(top.count.sum()) + len(top.long) == len(track)
            lengths = track.spans.end - track.spans.start
            assert int(top.total.sum()) + int(lengths[top.long].sum()) == int(lengths.sum())
            assert np.all(np.diff(top.bucket) > 0)
