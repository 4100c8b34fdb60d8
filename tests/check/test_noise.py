"""When repeats differ by more than their noise."""

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.check.noise import CONFIDENCE, GAP, apart, interval

figures = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30)


@given(figures)
def test_the_interval_holds_the_median_and_values_of_the_set(values: list[int]) -> None:
    found = interval(values)
    assert found.low <= found.median <= found.high
    assert {found.low, found.high} <= set(values)
    assert found.median == np.median(values)


@pytest.mark.parametrize("count", range(1, 60))
def test_the_interval_is_the_narrowest_of_the_confidence(count: int) -> None:
    """Leaving out ``k`` values at either end covers the median unless k or fewer lie beyond it."""

    def covers(left: int) -> float:
        return 1 - 2 * sum(comb(count, i) for i in range(left + 1)) / float(2**count)

    left = int(interval(range(count)).low)
    assert interval(range(count)).high == count - 1 - left
    assert left == 0 or covers(left) >= CONFIDENCE
    assert covers(left + 1) < CONFIDENCE or left + 1 > (count - 1) // 2


@pytest.mark.parametrize("count", [201, 1_000, 10_001])
def test_many_values_are_counted_by_the_normal_distribution(count: int) -> None:
    left = int(interval(range(count)).low)
    within = sum(comb(count, i) for i in range(left + 1, count - left)) / 2**count
    assert CONFIDENCE <= within < CONFIDENCE + 0.03


@given(figures, figures)
def test_apart_is_symmetric_and_never_holds_of_one_set_and_itself(
    one: list[int], other: list[int]
) -> None:
    first, second = interval(one), interval(other)
    assert apart(first, second) == apart(second, first)
    assert not apart(first, first)


@given(figures, figures, st.integers(-(10**6), 10**6), st.integers(1, 1000))
def test_apart_does_not_depend_on_zero_or_unit(
    one: list[int], other: list[int], offset: int, scale: int
) -> None:
    moved = [[v * scale + offset for v in values] for values in (one, other)]
    assert apart(interval(one), interval(other)) == apart(*map(interval, moved))


@given(st.lists(st.integers(0, 1000), min_size=5, max_size=5), st.integers(1, 10**6))
def test_a_gap_of_half_the_width_tells_five_from_five(values: list[int], more: int) -> None:
    width = max(values) - min(values)
    shifted = [v + width + more for v in values]
    assert apart(interval(values), interval(shifted)) == (more >= GAP * width)


def test_exact_figures_differ_at_once() -> None:
    assert apart(interval([3.0]), interval([4.0]))
    assert apart(interval([3.0] * 5), interval([4.0] * 5))


def test_one_value_is_given_the_noise_of_the_other_side() -> None:
    noisy = interval([90, 95, 100, 105, 110])
    assert not apart(noisy, interval([115]))
    assert not apart(noisy, interval([129]))
    assert apart(noisy, interval([131]))


SHAPES: dict[str, Callable[[np.random.Generator], Any]] = {
    "normal": lambda rng: rng.standard_normal((20_000, 5)),
    "lognormal": lambda rng: np.exp(rng.standard_normal((20_000, 5))),
    "bimodal": lambda rng: rng.standard_normal((20_000, 5)) + 10 * (rng.random((20_000, 5)) < 0.2),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_sets_are_told_apart_less_than_once_in_a_thousand(shape: str) -> None:
    """Counting both directions; expected is twice 0.03 %."""
    rng = np.random.default_rng(7)
    one, other = (SHAPES[shape](rng).tolist() for _ in range(2))
    wrong = sum(apart(interval(a), interval(b)) for a, b in zip(one, other, strict=True))
    assert wrong <= 20
