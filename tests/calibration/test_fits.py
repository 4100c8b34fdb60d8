"""Robust fits, and which recordings are held out."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.calibration.fits import ENOUGH, at_sizes, joined, line, rising
from timeline.calibration.recordings import Recording, split
from timeline.trace import Meta, Trace

times = st.floats(0, 1e9, allow_nan=False)
curves = st.dictionaries(st.integers(0, 1 << 30).map(float), times, min_size=1, max_size=12).map(
    lambda points: tuple(sorted(points.items()))
)


@given(curves)
def test_a_rising_curve_keeps_its_sizes_and_its_mean(
    curve: tuple[tuple[float, float], ...],
) -> None:
    made = rising(curve)
    assert [x for x, _ in made] == [x for x, _ in curve]
    assert all(a[1] <= b[1] for a, b in pairwise(made))
    assert np.mean([y for _, y in made]) == pytest.approx(np.mean([y for _, y in curve]), abs=0.1)
    assert rising(made) == made


@given(curves)
def test_what_rises_already_stays(curve: tuple[tuple[float, float], ...]) -> None:
    ordered = tuple(zip([x for x, _ in curve], sorted(y for _, y in curve), strict=True))
    assert [y for _, y in rising(ordered)] == pytest.approx([y for _, y in ordered], abs=0.051)


@given(st.floats(0, 1e5), st.floats(0.01, 1000), st.integers(0, 3), st.floats(2, 100))
def test_a_line_stands_outliers(latency: float, rate: float, bad: int, times_slower: float) -> None:
    points = [(x, latency + x / rate) for x in (2.0**i for i in range(10, 24))]
    for i in range(bad):
        x, y = points[3 * i + 1]
        points[3 * i + 1] = (x, y * times_slower)
    found, found_rate = line(tuple(points))
    assert found == pytest.approx(latency, rel=1e-3, abs=2 + 3 * 2**10 / rate)
    assert found_rate == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize("points", [(), ((1.0, 5.0),), ((1.0, 5.0), (2.0, 4.0))])
def test_no_line_without_a_rate(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="no rate"):
        line(points)


def test_medians_by_size_need_enough_observations() -> None:
    x = np.array([8.0] * ENOUGH + [16.0] * (ENOUGH - 1))
    y = np.array([1.0, 2.0, 90.0, 5.0, 5.0])
    assert at_sizes(x, y) == ((8.0, 2.0),)


def test_probes_only_stand_below_and_above_what_was_recorded() -> None:
    probes = ((1.0, 1.0), (5.0, 99.0), (20.0, 30.0))
    assert joined(((4.0, 4.0), (8.0, 8.0)), probes) == (
        (1.0, 1.0),
        (4.0, 4.0),
        (8.0, 8.0),
        (20.0, 30.0),
    )
    assert joined((), probes) == probes


@given(st.integers(1, 40))
def test_a_third_or_more_is_held_out(count: int) -> None:
    trace = Trace.from_tables(Meta("cupti"), {})
    names = [f"recording {i}" for i in range(count)]
    used, held = split([Recording(name, trace) for name in names])
    assert sorted(r.name for r in (*used, *held)) == sorted(names)
    assert used
    if count > 1:
        assert 3 * len(held) >= count
