"""How activities that ran together shared their engine."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeline.whatif.lifting.sharing import shared


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 20), st.integers(0, 5)),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([0.3, 0.5, 1.0]),
)
def test_no_activity_did_more_than_its_time(spans: list[tuple[int, int, int]], load: float) -> None:
    """Also of those that take no time, which end when they start, and of those that got on late."""
    starts, lengths, idle = np.array(sorted(spans), np.int64).T
    begun = starts + np.minimum(idle, np.maximum(lengths - 1, 0))
    loads = np.full(len(spans), load)
    found = shared(starts, starts + lengths, loads, loads, starts, begun)
    worked = starts + lengths - begun
    assert (found.work_ns <= worked + 1e-6).all()
    assert (found.work_ns >= 0.01 * worked - 1e-6).all()
    assert (found.early_ns <= found.work_ns + 1e-6).all()
