"""A part of a trace holds what touches its span, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.errors import UsageError
from timeline.trace import Meta, Trace, table
from timeline.trace.excerpt import excerpt

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "three_way_overlap" / "depth_first"

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair))),
    max_size=20,
)


def kernels(times: list[tuple[int, int]]) -> Trace:
    start, end = ([pair[side] for pair in times] for side in (0, 1))
    count = len(times)
    rows = {"kind": ["kernel"] * count, "name": ["k"] * count, "start": start, "end": end}
    rows |= {"device": [i % 2 for i in range(count)], "engine": ["SM"] * count}
    return Trace.from_tables(Meta("cupti"), {"activities": table("activities", rows)})


def times_of(trace: Trace) -> list[tuple[int, int]]:
    start, end = (trace.column("activities", c).tolist() for c in ("start", "end"))
    return sorted(zip(start, end, strict=True))


@given(spans, st.integers(0, 70), st.integers(1, 30))
def test_what_touches_the_span_is_kept_whole(
    times: list[tuple[int, int]], first: int, length: int
) -> None:
    last = first + length
    found = excerpt(kernels(times), first, last)
    wanted = [(a, b) for a, b in times if a < last and (b > first or a == b == first)]
    assert times_of(found) == sorted(wanted)


def test_only_some_devices() -> None:
    found = excerpt(kernels([(0, 5), (1, 6), (2, 7)]), 0, 10, devices=[1])
    assert times_of(found) == [(1, 6)]


def test_of_a_recording() -> None:
    trace = Trace.load(SAMPLE)
    first, last = trace.meta.repeats[1]
    found = excerpt(trace, first, last)
    assert 0 < found.activities.num_rows < trace.activities.num_rows
    issued = set(found.column("activities", "correlation").tolist())
    assert issued <= set(found.column("calls", "correlation").tolist())
    assert found.streams.equals(trace.streams)
    assert found.meta.repeats == ()
    assert "excerpt" in found.meta.notes[-1]
    assert np.array_equal(
        np.unique(found.column("activities", "device")),
        np.unique(trace.column("activities", "device")),
    )


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        excerpt(kernels([(0, 5)]), 5, 5)
