from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.figures.depth import depths
from timeline.figures.levels import bucket_width, buckets, weighted
from timeline.figures.strips import hidden_copy_ratio, profile, segments

SPANS = st.lists(
    st.tuples(st.integers(-400, 400), st.integers(0, 120)).map(lambda s: (s[0], s[0] + s[1])),
    min_size=1,
    max_size=40,
)
SHIFT = st.sampled_from([0, -(10**15), 10**18])


def arrays(spans: list[tuple[int, int]], shift: int = 0) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(spans, np.int64).reshape(-1, 2) + shift
    return both[:, 0], both[:, 1]


def union_ns(spans: list[tuple[int, int]], first: int, last: int) -> int:
    return len({t for s, e in spans for t in range(max(s, first), min(e, last))})


@given(SPANS, st.sampled_from([1, 2, 16, 64, 1024]), SHIFT)
@settings(max_examples=80)
def test_buckets_are_exact(spans: list[tuple[int, int]], width: int, shift: int) -> None:
    found = buckets(*arrays(spans, shift), width)
    assert (found.start % width == 0).all()
    assert found.count.sum() == len(spans)
    for i, start in enumerate((found.start - shift).tolist()):
        mine = [(s, e) for s, e in spans if start <= s < start + width]
        assert found.busy_ns[i] == union_ns(spans, start, start + width)
        inside = [max(0, min(e, start + width) - max(s, start)) for s, e in spans]
        assert found.total_ns[i] == sum(inside)
        assert found.count[i] == len(mine)
        assert found.longest_ns[i] == max((e - s for s, e in mine), default=-1)
        if mine:
            s, e = spans[found.longest[i]]
            assert e - s == found.longest_ns[i]


@given(SPANS, st.sampled_from([1, 8, 256]))
@settings(max_examples=40)
def test_no_busy_time_is_lost(spans: list[tuple[int, int]], width: int) -> None:
    assert buckets(*arrays(spans), width).busy_ns.sum() == union_ns(spans, -1000, 1000)


@given(st.integers(0, 10**12), st.integers(1, 5000))
def test_bucket_width_is_the_smallest_that_fits(span: int, most: int) -> None:
    width = bucket_width(span, most)
    assert width & (width - 1) == 0
    assert width * most >= span
    assert width == 1 or (width // 2) * most < span


def test_weighted_integral() -> None:
    start, end, weight = np.array([0, 10]), np.array([4, 20]), np.array([0.5, 1.0])
    at = np.array([-5, 0, 2, 4, 7, 10, 15, 30])
    assert weighted(start, end, weight, at).tolist() == [0, 0, 1, 2, 2, 2, 7, 12]


@given(SPANS)
@settings(max_examples=80)
def test_sub_rows_hold_disjoint_bars_and_are_as_few_as_can_be(spans: list[tuple[int, int]]) -> None:
    spans = sorted(spans)
    found = depths(*arrays(spans)).tolist()
    for depth in set(found):
        mine = [span for span, d in zip(spans, found, strict=True) if d == depth]
        assert all(a[1] <= b[0] for a, b in pairwise(mine))
    most = max(sum(s <= t < e or s == e == t for s, e in spans) for t, _ in spans)
    assert max(found) + 1 <= max(most, 1)


@given(SPANS, SPANS, SPANS)
@settings(max_examples=60)
def test_segments_equal_brute_force(
    sm: list[tuple[int, int]], h2d: list[tuple[int, int]], d2h: list[tuple[int, int]]
) -> None:
    from timeline import intervals

    named = {"SM": sm, "H2D": h2d, "D2H": d2h}
    found = segments({name: intervals.union(*arrays(spans)) for name, spans in named.items()})
    busy = {n: {t for s, e in spans for t in range(s, e)} for n, spans in named.items()}
    rows = zip(found.start.tolist(), found.end.tolist(), range(len(found.start)), strict=True)
    seen: set[int] = set()
    for start, end, i in rows:
        for name, times in busy.items():
            inside = times & set(range(start, end))
            assert len(inside) == (end - start if found.has(name)[i] else 0)
        assert not seen & set(range(start, end))
        seen |= set(range(start, end))
    assert seen == set().union(*busy.values())
    copies = busy["H2D"] | busy["D2H"]
    expected = len(copies & busy["SM"]) / len(copies) if copies else None
    assert hidden_copy_ratio(found) == expected


@given(SPANS)
@settings(max_examples=40)
def test_profile_counts_what_is_open(spans: list[tuple[int, int]]) -> None:
    start, end, count = profile(*arrays(spans))
    total = sum(e - s for s, e in spans)
    assert int(((end - start) * count).sum()) == total
    for s, n in zip(start.tolist(), count.tolist(), strict=True):
        assert n == sum(a <= s < b for a, b in spans)


def test_segments_of_nothing() -> None:
    found = segments({})
    assert len(found.start) == 0
    assert hidden_copy_ratio(found) is None


@pytest.mark.parametrize("n", [1, 3])
def test_empty_intervals_take_no_time(n: int) -> None:
    at = np.full(n, 5, np.int64)
    found = buckets(at, at, 8)
    assert (found.start.tolist(), found.busy_ns.tolist(), found.count.tolist()) == ([0], [0], [n])
