"""Where hits of a search are in a tile: as many in each bucket as one finds by looking."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeline.tiles import BUCKETS, Index, build
from timeline.tiles.hits import encoded_hits, row_hits
from timeline.trace import Trace

Activities = list[tuple[int, int, int, int, int]]
ONE = st.tuples(
    st.integers(0, 4000), st.integers(0, 300), st.integers(0, 2), st.integers(7, 8), st.just(1)
)
OTHER = st.tuples(
    st.integers(0, 4000), st.integers(0, 300), st.integers(0, 2), st.integers(7, 8), st.just(2)
)


def looked_for(index: Index, number: int, text: str, level: int, place: int) -> list[int]:
    found = [0] * BUCKETS
    for track in index.rows[number].tracks:
        spans, names = index.tracks[track].spans, index.names[index.tables[track]].to_pylist()
        for start, name in zip(spans.start.tolist(), spans.name.tolist(), strict=True):
            bucket = (start >> level) - place * BUCKETS
            if 0 <= bucket < BUCKETS and text in names[name]:
                found[bucket] += 1
    return found


@given(st.lists(ONE | OTHER, min_size=1, max_size=40), st.integers(0, 12), st.integers(0, 4))
def test_of_any_trace(
    traced: Callable[..., Trace], made: Activities, level: int, place: int
) -> None:
    index = build(traced(made))
    for number, row in enumerate(index.rows):
        found = row_hits(index, row, "name 1", level, place)
        assert found.tolist() == looked_for(index, number, "name 1", level, place)


def test_as_bytes(large: Trace) -> None:
    index, level = build(large), 20
    rows = range(len(index.rows))
    content = encoded_hits(index, rows, "k7", level, 0)
    head = np.frombuffer(content, "<u4", 2 + 2 * len(rows))
    assert head[0] == len(rows)
    total = 0
    for i, number in enumerate(rows):
        count, offset = head[2 + 2 * i : 4 + 2 * i].tolist()
        counts = np.frombuffer(content, "<u4", count, offset)
        buckets = np.frombuffer(content, "<u2", count, offset + 4 * count)
        told = np.zeros(BUCKETS, np.int64)
        told[buckets] = counts
        assert told.tolist() == row_hits(index, index.rows[number], "k7", level, 0).tolist()
        total += int(counts.sum())
    assert total > 100
