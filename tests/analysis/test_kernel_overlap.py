"""Kernels beside kernels, against a count of one number a ns."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeline.analysis import Window, kernel_overlap, work_of
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]
SPAN = 40

times = st.integers(0, SPAN)
kernels = st.lists(st.tuples(times, times).map(sorted), min_size=1, max_size=8)


def rows(spans: list[list[int]], engine: str = "SM") -> list[dict[str, Any]]:
    return [{"engine": engine, "start": a, "end": b, "stream": n} for n, (a, b) in enumerate(spans)]


@given(kernels, st.tuples(times, times).map(sorted))
def test_it_counts_ns_with_two_kernels(
    make_trace: MakeTrace, spans: list[list[int]], window: list[int]
) -> None:
    running = np.zeros(SPAN, np.int64)
    for start, end in spans:
        running[max(start, window[0]) : max(min(end, window[1]), window[0])] += 1
    trace = make_trace(rows(spans) + rows([[0, SPAN]], "H2D"))
    found = kernel_overlap(work_of(trace, 0, window=Window(*window)))
    assert found.busy_ns == (running > 0).sum()
    assert found.shared_ns == (running > 1).sum()


def test_no_kernels_have_no_ratio(make_trace: MakeTrace) -> None:
    assert kernel_overlap(work_of(make_trace(rows([[0, 9]], "D2H")), 0)).ratio is None
    assert kernel_overlap(work_of(make_trace(rows([[0, 10], [5, 10]])), 0)).ratio == 0.5
