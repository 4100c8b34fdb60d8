"""A search steps through all spans whose name holds the text, in order of time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeline.tiles import build
from timeline.tiles.search import found
from timeline.trace import Trace

Activities = list[tuple[int, int, int, int, int]]
ONE = st.tuples(
    st.integers(0, 90), st.integers(0, 9), st.integers(0, 2), st.integers(7, 8), st.integers(0, 3)
)
START = (-(10**6), -1, -1)


@given(st.lists(ONE, min_size=1, max_size=30), st.sampled_from(["name 1", "NAME", "2", "none"]))
def test_each_hit_once_and_around(
    traced: Callable[..., Trace], made: Activities, text: str
) -> None:
    index = build(traced(made))
    first = min(a[0] for a in made)
    wanted = sorted(a[0] - first for a in made if text.lower() in f"name {a[4]}")
    got, at = [], START
    for _ in wanted:
        hit = found(index, text, at)
        assert hit.count == len(wanted)
        assert hit.at is not None
        at = hit.at
        got.append(at[0])
    assert got == wanted
    if wanted:
        again = found(index, text, at)
        assert again.at is not None
        assert again.at[0] == wanted[0]
        back = found(index, text, again.at, back=True)
        assert back.at == at
    else:
        assert found(index, text, START).at is None


def test_a_row_is_found_where_it_lies() -> None:
    samples = Path(__file__).resolve().parents[2] / "samples"
    trace = Trace.load(samples / "three_way_overlap" / "depth_first")
    index = build(trace)
    start = trace.column("activities", "start") - index.origin
    for row in np.linspace(0, len(start) - 1, 9).astype(int).tolist():
        place = index.place_of("activities", row, int(start[row]))
        assert place is not None
        assert int(index.tracks[place[0]].spans.row[place[1]]) == row
    assert index.place_of("activities", 0, -77) is None
