"""Chains: every span in one, none that overlap in the same, as few as can be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeline.figures.depth import depths
from timeline.tiles.chains import chains

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=60)


@given(SPANS)
def test_no_two_spans_of_a_chain_overlap(made: list[tuple[int, int]]) -> None:
    ordered = sorted((start, -length) for start, length in made)
    start = np.array([s for s, _ in ordered], np.int64)
    end = start - np.array([n for _, n in ordered], np.int64)
    chain = chains(start, end)
    for number in range(int(chain.max()) + 1):
        mine = chain == number
        assert (end[mine][:-1] <= start[mine][1:]).all()


@given(SPANS)
def test_there_are_as_many_as_spans_open_at_once(made: list[tuple[int, int]]) -> None:
    """Of spans with a length; the figures' way of stacking bars says how many."""
    ordered = sorted((start, -length - 1) for start, length in made)
    start = np.array([s for s, _ in ordered], np.int64)
    end = start - np.array([n for _, n in ordered], np.int64)
    assert chains(start, end).max() == depths(start, end).max()


def test_nested_ranges_lie_in_the_chain_of_their_depth() -> None:
    start, end = np.array([0, 1, 2, 5, 12, 13]), np.array([10, 4, 3, 9, 20, 14])
    assert chains(start, end).tolist() == [0, 1, 2, 1, 0, 1]


def test_kernels_that_overlap_their_predecessor_alternate() -> None:
    start, end = np.array([0, 8, 18, 28]), np.array([10, 20, 30, 40])
    assert chains(start, end).tolist() == [0, 1, 0, 1]
