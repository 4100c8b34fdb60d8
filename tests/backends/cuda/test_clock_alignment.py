"""Aligning ``%globaltimer`` with the collector's clock."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.backends.cuda.alignment import align

RUN = st.tuples(
    st.integers(0, 10**9), st.integers(1, 50_000), st.integers(0, 5000), st.integers(0, 5000)
)


@settings(max_examples=150, deadline=None)
@given(st.integers(-(10**12), 10**12), st.lists(RUN, min_size=1, max_size=8))
def test_the_offset_lies_within_the_residual(offset: int, runs: list[tuple[int, ...]]) -> None:
    stamps = [(start, start + length) for start, length, _, _ in runs]
    reported = [
        (start + offset - before, start + length + offset + after)
        for start, length, before, after in runs
    ]
    found = align(stamps, reported)
    assert found is not None
    assert abs(found.offset_ns - offset) <= found.residual_ns
    assert found.residual_ns <= min(b + a + 1 for _, _, b, a in runs)
    assert found.runs == len(runs)


def test_runs_that_no_single_offset_fits_show_in_the_residual() -> None:
    found = align([(0, 100), (1000, 1100)], [(50, 150), (1090, 1190)])
    assert found is not None
    assert (found.offset_ns, found.residual_ns) == (70, 20)


def test_nothing_is_aligned_without_a_partner() -> None:
    assert align([], []) is None
    assert align([(0, 1)], []) is None
    assert align([(0, 1)], [(0, 1), (2, 3)]) is None
