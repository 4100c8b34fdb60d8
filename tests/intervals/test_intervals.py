"""Every function of the package against bitmaps: one boolean a ns."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.intervals import (
    LIMIT_NS,
    Intervals,
    UnionIndex,
    clip,
    coverage,
    depth_histogram,
    gaps,
    intersect,
    measure,
    pairwise_overlap,
    subtract,
    sweep,
    union,
)
from timeline.intervals.limits import exact_bincount, exact_sum

SPAN = 60
quick = settings(max_examples=60, deadline=None)
Bits = npt.NDArray[np.bool_]
Pairs = list[tuple[int, int]]

times = st.integers(0, SPAN)
some = st.lists(st.tuples(times, times).map(lambda p: (min(p), max(p))), max_size=12)
"""Unsorted, nested, touching, equal and empty intervals."""


def columns(pairs: Pairs) -> Intervals:
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def bits(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Bits:
    found = np.zeros(SPAN, np.bool_)
    for start, end in zip(starts, ends, strict=True):
        found[start:end] = True
    return found


def assert_union_of(found: Intervals, expected: Bits) -> None:
    starts, ends = found
    assert starts.dtype == ends.dtype == np.int64
    assert (ends > starts).all()
    assert (starts[1:] > ends[:-1]).all()
    np.testing.assert_array_equal(bits(starts, ends), expected)


@given(some)
@quick
def test_union(pairs: Pairs) -> None:
    assert_union_of(union(*columns(pairs)), bits(*columns(pairs)))


@given(some)
@quick
def test_union_of_sorted_and_of_shuffled_agree(pairs: Pairs) -> None:
    for a, b in zip(union(*columns(sorted(pairs))), union(*columns(pairs[::-1])), strict=True):
        np.testing.assert_array_equal(a, b)


@given(some)
@quick
def test_measure(pairs: Pairs) -> None:
    assert measure(*union(*columns(pairs))) == bits(*columns(pairs)).sum()


@given(some, some)
@quick
def test_intersect(a: Pairs, b: Pairs) -> None:
    expected = bits(*columns(a)) & bits(*columns(b))
    assert_union_of(intersect(*union(*columns(a)), *union(*columns(b))), expected)


@given(some, some)
@quick
def test_subtract(a: Pairs, b: Pairs) -> None:
    expected = bits(*columns(a)) & ~bits(*columns(b))
    assert_union_of(subtract(*union(*columns(a)), *union(*columns(b))), expected)


@given(some, times, times)
@quick
def test_clip_and_gaps_share_the_window(pairs: Pairs, lo: int, hi: int) -> None:
    inside = np.zeros(SPAN, np.bool_)
    inside[lo:hi] = True
    busy = bits(*columns(pairs))
    whole = union(*columns(pairs))
    assert_union_of(clip(*whole, lo, hi), inside & busy)
    assert_union_of(gaps(*whole, lo, hi), inside & ~busy)


@given(st.lists(some, max_size=5))
@quick
def test_coverage_of_every_subset(lanes: list[Pairs]) -> None:
    found = coverage([union(*columns(pairs)) for pairs in lanes])
    maps = [bits(*columns(pairs)) for pairs in lanes]
    for size in range(1, len(lanes) + 1):
        for subset in combinations(range(len(lanes)), size):
            chosen = np.array([maps[lane] for lane in subset])
            assert found.overlap_ns(*subset) == chosen.all(axis=0).sum()
            assert found.busy_ns(*subset) == chosen.any(axis=0).sum()


@given(st.lists(some, min_size=1, max_size=5))
@quick
def test_concurrency_and_idle(lanes: list[Pairs]) -> None:
    found = coverage([union(*columns(pairs)) for pairs in lanes]).concurrency_ns()
    count = np.array([bits(*columns(pairs)) for pairs in lanes]).sum(axis=0)
    busy = np.flatnonzero(count)
    hull = count[busy[0] : busy[-1] + 1] if busy.size else count[:0]
    np.testing.assert_array_equal(found, np.bincount(hull, minlength=len(lanes) + 1))


@given(st.lists(some, max_size=4), st.booleans())
@quick
def test_pairwise_overlap_swept_and_pair_by_pair(lanes: list[Pairs], many: bool) -> None:
    unions = [union(*columns(pairs)) for pairs in lanes]
    empty = union([], [])
    padding = sweep.MOST_LANES if many else 0
    found = pairwise_overlap(unions + [empty] * padding)
    maps = [bits(*columns(pairs)) for pairs in lanes] + [np.zeros(SPAN, np.bool_)] * padding
    expected = [[int((a & b).sum()) for b in maps] for a in maps]
    np.testing.assert_array_equal(found, np.array(expected, np.int64).reshape(found.shape))


@given(st.lists(some, min_size=1, max_size=4))
@quick
def test_coverage_in_many_pieces_is_that_in_one(lanes: list[Pairs]) -> None:
    unions = [union(*columns(pairs)) for pairs in lanes]
    whole = coverage(unions).by_set_ns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_STRIDE", 1)
        np.testing.assert_array_equal(coverage(unions).by_set_ns, whole)


@given(some, times, times)
@quick
def test_index(pairs: Pairs, lo: int, hi: int) -> None:
    expected = bits(*columns(pairs))[lo:hi].sum()
    assert UnionIndex(*union(*columns(pairs))).measure(lo, hi) == expected


@given(some)
@quick
def test_index_of_all_windows_at_once(pairs: Pairs) -> None:
    index = UnionIndex(*union(*columns(pairs)))
    edges = np.arange(SPAN)
    np.testing.assert_array_equal(index.measures(edges, edges + 1), bits(*columns(pairs)))


@given(some)
@quick
def test_depth(pairs: Pairs) -> None:
    count = np.zeros(SPAN, np.int64)
    for start, end in pairs:
        count[start:end] += 1
    busy = np.flatnonzero(count)
    hull = count[busy[0] : busy[-1] + 1] if busy.size else count[:0]
    expected = np.bincount(hull, minlength=1)
    np.testing.assert_array_equal(depth_histogram(*columns(pairs)), expected)


@given(some, some, some, st.integers(-(2**62), 2**62))
@quick
def test_measures_do_not_depend_on_where_the_clock_starts(
    a: Pairs, b: Pairs, c: Pairs, shift: int
) -> None:
    lanes = [union(*columns(pairs)) for pairs in (a, b, c)]
    moved = [(starts + shift, ends + shift) for starts, ends in lanes]
    np.testing.assert_array_equal(coverage(moved).by_set_ns, coverage(lanes).by_set_ns)
    assert measure(*intersect(*moved[0], *moved[1])) == measure(*intersect(*lanes[0], *lanes[1]))


def test_long_times_stay_exact() -> None:
    """Totals over 2**53 ns, where float64 has no odd numbers."""
    long = 2**57 + 1
    a, b = union([0], [long]), union([1, long - 1], [long - 2, long])
    np.testing.assert_array_equal(
        pairwise_overlap([a, b]), [[long, long - 2], [long - 2, long - 2]]
    )
    np.testing.assert_array_equal(depth_histogram([0, 0], [long, 3]), [0, long - 3, 3])
    assert UnionIndex(*a).measure(0, 2**57) == 2**57


@pytest.mark.parametrize(
    "call",
    [
        lambda: union([0], [LIMIT_NS]),
        lambda: union([-(2**63), 0], [-(2**63) + 1, 2**63 - 1]),
        lambda: coverage([union([0], [1]), union([LIMIT_NS], [LIMIT_NS + 1])]),
        lambda: depth_histogram([0, LIMIT_NS], [1, LIMIT_NS + 1]),
        lambda: UnionIndex(np.array([0, LIMIT_NS]), np.array([1, LIMIT_NS + 1])),
        lambda: measure(np.array([0, LIMIT_NS]), np.array([1, LIMIT_NS + 1])),
        lambda: union(np.array([2**63], np.uint64), np.array([2**63 + 1], np.uint64)),
    ],
)
def test_times_that_would_overflow_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(TraceError, match="clock"):
        call()


def test_float_times_are_refused() -> None:
    with pytest.raises(TypeError, match="integers of ns"):
        union([0.5], [1.5])


def test_unequal_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        union([0, 1], [2])


def test_a_coverage_of_too_many_lanes_is_refused() -> None:
    with pytest.raises(ValueError, match="are the most"):
        coverage([union([0], [1])] * (sweep.MOST_LANES + 1))


def test_no_lanes() -> None:
    assert coverage([]).busy_ns() == 0
    assert pairwise_overlap([]).shape == (0, 0)


NONE: Pairs = []
EMPTY = columns(NONE)


@pytest.mark.parametrize(
    "found",
    [
        *union([], []),
        *union([3], [3]),
        *clip([0], [9], 9, 20),
        *gaps(*EMPTY, 5, 5),
        *intersect(*EMPTY, *EMPTY),
        *subtract(*EMPTY, *union([0], [1])),
        depth_histogram([], [])[1:],
        pairwise_overlap([])[:0, 0:0].ravel(),
        UnionIndex(*EMPTY).before([]),
    ],
)
def test_nothing_is_int64_too(found: npt.NDArray[np.int64]) -> None:
    assert found.dtype == np.int64
    assert found.size == 0


def test_the_depth_of_nothing_is_no_time() -> None:
    found = depth_histogram([4], [4])
    assert found.dtype == np.int64
    assert found.tolist() == [0]


def test_an_index_of_nothing_measures_nothing_of_any_shape() -> None:
    found = UnionIndex(*EMPTY).before([[1, 2], [3, 4]])
    assert found.dtype == np.int64
    assert found.tolist() == [[0, 0], [0, 0]]


def test_the_widest_span_is_still_measured() -> None:
    """One ns below the limit; at the limit it is refused."""
    whole = union([0], [LIMIT_NS - 1])
    assert measure(*whole) == LIMIT_NS - 1
    assert UnionIndex(*whole).measure(0, LIMIT_NS) == LIMIT_NS - 1
    assert coverage([whole]).busy_ns() == LIMIT_NS - 1
    with pytest.raises(
        TraceError,
        match=f"^times from 0 to {LIMIT_NS} ns span nine years or more: they are not of one clock; "
        "leave out the records with wrong times$",
    ):
        union([0], [LIMIT_NS])


def test_the_last_time_of_the_clock_is_taken_from_unsigned_columns() -> None:
    last = np.array([2**63 - 1], np.uint64)
    starts, ends = union(last - np.uint64(5), last)
    assert (starts.tolist(), ends.tolist()) == ([2**63 - 6], [2**63 - 1])
    with pytest.raises(
        TraceError, match=r"^a time of 2\*\*63 ns or more: not a time of this clock$"
    ):
        union(last, last + np.uint64(1))


def test_what_is_no_column_is_named() -> None:
    with pytest.raises(TypeError, match=r"^times are integers of ns, not float64$"):
        union([0.5], [1.5])
    with pytest.raises(ValueError, match=r"^starts and ends of shapes \(2,\) and \(1,\)$"):
        union([0, 1], [2])
    with pytest.raises(ValueError, match=r"shapes \(1, 1\) and \(1, 1\)$"):
        union([[0]], [[1]])
    lanes = [union([0], [1])] * (sweep.MOST_LANES + 1)
    with pytest.raises(ValueError, match=r"^a coverage of 17 lanes; 16 are the most$"):
        coverage(lanes)
    assert coverage(lanes[1:]).overlap_ns(*range(sweep.MOST_LANES)) == 1


def test_sums_beyond_int64_are_exact() -> None:
    values = np.full(5, 2**62 - 1, np.int64)
    assert exact_sum(values) == 5 * (2**62 - 1)
    assert exact_sum(-values) == -5 * (2**62 - 1)
    assert exact_sum(values[:0]) == 0


def test_totals_beyond_float64_are_exact() -> None:
    weights = np.array([2**53 + 1, 2**27 - 1, 3], np.int64)
    found = exact_bincount(np.array([2, 0, 2]), weights, 5)
    assert found.dtype == np.int64
    assert found.tolist() == [2**27 - 1, 0, 2**53 + 4, 0, 0]
    few = exact_bincount(np.array([1]), np.array([7]), 3)
    assert few.dtype == np.int64
    assert few.tolist() == [0, 7, 0]
