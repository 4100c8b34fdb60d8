"""Figures of kernels, worked out by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.analysis.kernel_figures import (
    at_once,
    busy_ns,
    duration_ns,
    following_ns,
    longest_chain,
    most_at_once,
    queueing_ns,
    sm_idle_ns,
    span_ns,
    step_ratio,
)
from timeline.analysis.technique_figures import AT_ONCE_NS, Measure, over_repeats
from timeline.trace import Meta, Trace, table

US = 1_000

Kernel = tuple[str, int, int]


def trace(kernels: Sequence[Kernel], **tables: Any) -> Trace:
    """Kernels (name, start, end), each with its place as correlation and stream."""
    columns: dict[str, list[Any]] = {
        "kind": ["kernel"] * len(kernels),
        "engine": ["SM"] * len(kernels),
        "name": [k[0] for k in kernels],
        "start": [k[1] for k in kernels],
        "end": [k[2] for k in kernels],
        "device": [0] * len(kernels),
        "stream": list(range(1, len(kernels) + 1)),
        "correlation": list(range(1, len(kernels) + 1)),
    }
    made = {"activities": table("activities", columns, len(kernels))}
    made.update({key: table(key, found) for key, found in tables.items()})
    return Trace.from_tables(Meta("test"), made)


def of(figure: Measure, kernels: Sequence[Kernel], **tables: Any) -> float:
    return over_repeats(trace(kernels, **tables), figure)


KERNELS = [("a", 0, 100), ("a", 50, 150), ("b", 200, 260), ("a", 300, 320)]


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (busy_ns, 230),
        (span_ns, 320),
        (at_once, 280 / 230),
        (duration_ns("a"), 100),
        (duration_ns("b|a"), 80),
        (following_ns("a"), (-50 + 150) / 2),
        (step_ratio("a", "b"), 320 / 60),
        (sm_idle_ns, 90),
    ],
)
def test_by_hand(figure: Measure, value: float) -> None:
    assert of(figure, KERNELS) == pytest.approx(value)


@pytest.mark.parametrize(
    "figure",
    [
        duration_ns("c"),
        following_ns("b"),
        step_ratio("a", "c"),
        queueing_ns("a", "c"),
        most_at_once,
    ],
)
def test_nothing_to_measure_is_no_number(figure: Measure) -> None:
    assert np.isnan(of(figure, KERNELS))


def stamped(blocks: Sequence[tuple[int, int, int]]) -> float:
    """Most launches at once, of blocks (launch, start, end)."""
    stamps = {
        "correlation": [b[0] for b in blocks],
        "role": ["body"] * len(blocks),
        "start": [b[1] for b in blocks],
        "end": [b[2] for b in blocks],
    }
    return of(most_at_once, KERNELS, stamps=stamps)


spans = st.tuples(st.integers(0, 400), st.integers(1, 100)).map(
    lambda pair: (pair[0] * US, (pair[0] + pair[1]) * US)
)


@given(st.lists(spans, min_size=1, max_size=12))
def test_most_at_once_counts_at_every_start(found: list[tuple[int, int]]) -> None:
    most = max(sum(start <= at < end for start, end in found) for at, _ in found)
    assert stamped([(n, *span) for n, span in enumerate(found)]) == most


def test_blocks_of_one_launch_count_once() -> None:
    assert stamped([(1, 0, 9 * US), (1, 2 * US, 8 * US), (2, 7 * US, 12 * US)]) == 2


def test_what_takes_anothers_place_is_not_beside_it() -> None:
    assert stamped([(1, 0, 100 * US), (2, 100 * US - AT_ONCE_NS, 200 * US)]) == 1
    assert stamped([(1, 0, 100 * US), (2, 99 * US, 200 * US)]) == 2


def test_queueing_starts_with_the_first_block() -> None:
    kernels = [("ready", 0, 100), ("small", 110, 400), ("ready", 500, 600), ("small", 610, 900)]
    stamps = {
        "correlation": [2, 2, 4],
        "role": ["body"] * 3,
        "start": [350, 300, 700],
        "end": [390, 380, 890],
    }
    assert of(queueing_ns("ready", "small"), kernels, stamps=stamps) == (200 + 100) / 2
    unstamped = [*kernels[:3], ("small", 610, 900), ("ready", 910, 920), ("small", 930, 940)]
    assert np.isnan(of(queueing_ns("ready", "small"), unstamped, stamps=stamps))


def test_the_longest_chain_is_a_share_of_the_makespan() -> None:
    streams = {"stream": [1, 2], "kind": ["non_blocking"] * 2, "device": [0, 0]}
    found = of(longest_chain, [("a", 0, 60), ("b", 40, 100)], streams=streams)
    assert found == pytest.approx(0.6)
