"""What each technique must show: held by simulated runs, and not by its baseline alone."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from timeline.analysis.shows import check_shows, checked, checks_of, telling
from timeline.analysis.technique_figures import (
    Repeat,
    beside,
    calls_ns,
    concurrency,
    efficiency,
    gap,
    hidden_copies,
    host_beside,
    over_repeats,
    shared_sms,
    three_at_once,
)
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.errors import UsageError
from timeline.techniques import NAMES, technique
from timeline.trace import Meta, Trace, table

Row = tuple[str, str, int, int, int]


@cache
def simulated(name: str) -> dict[str, Trace]:
    backend, row = SimBackend(device="h200"), technique(name)
    options = RunOptions(repeat=2, verify=False)
    return {v.name: backend.run(row.program(v.name), options) for v in row.variants}


def trace(rows: Sequence[Row], repeats: Sequence[tuple[int, int]] = (), **tables: Any) -> Trace:
    """Activities (name, engine, stream, start, end), and other tables by column."""
    names = ("name", "engine", "stream", "start", "end")
    columns = {key: [row[i] for row in rows] for i, key in enumerate(names)}
    columns["kind"] = ["kernel" if engine == "SM" else "memcpy" for engine in columns["engine"]]
    made = {"activities": table("activities", columns, len(rows))}
    made.update({key: table(key, columns) for key, columns in tables.items()})
    return Trace.from_tables(Meta("test", repeats=tuple(repeats)), made)


def whole(figure: Callable[[Repeat], float], *args: Any, **tables: Any) -> float:
    return over_repeats(trace(*args, **tables), figure)


@pytest.mark.parametrize("name", NAMES)
def test_simulated_variants_show_it(name: str) -> None:
    wrong = [(r.check.name, r.value) for r in check_shows(name, simulated(name)) if not r.ok]
    assert not wrong


@pytest.mark.parametrize("name", NAMES)
def test_the_baseline_alone_does_not(name: str) -> None:
    baseline = next(iter(simulated(name).values()))
    results = check_shows(name, dict.fromkeys(simulated(name), baseline))
    assert any(not r.ok for r in results)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_recorded_shows_nothing(name: str) -> None:
    empty = dict.fromkeys((v.name for v in technique(name).variants), trace([]))
    assert not any(r.ok for r in check_shows(name, empty))


def test_every_technique_has_checks() -> None:
    assert set(checked()) == set(NAMES)
    for name in NAMES:
        assert len({check.name for check in checks_of(name)}) == len(checks_of(name))
        assert telling(name) in checks_of(name)


def test_a_missing_variant_is_named() -> None:
    with pytest.raises(UsageError, match="'pdl'"):
        check_shows("pdl", {"stream_order": trace([("primary", "SM", 1, 0, 1)])})


def test_an_unknown_technique_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'pdl'"):
        check_shows("pld", {})


def test_hidden_copies_and_three_at_once() -> None:
    rows: list[Row] = [("in", "H2D", 1, 0, 40), ("k", "SM", 2, 20, 60), ("out", "D2H", 3, 30, 100)]
    assert whole(hidden_copies, rows) == 0.4  # of 100 ns with a copy, 40 with a kernel
    assert whole(three_at_once, rows) == 0.1
    assert whole(efficiency, rows) == 0.7


def test_figures_are_medians_over_repeats() -> None:
    rows: list[Row] = [("a", "H2D", 1, 0, 10), ("k", "SM", 2, 0, 10)]
    rows += [("b", "H2D", 1, 100, 110), ("c", "H2D", 1, 200, 210), ("k", "SM", 2, 200, 210)]
    assert whole(hidden_copies, rows, [(0, 99), (100, 199), (200, 299)]) == 1.0
    assert whole(hidden_copies, rows, [(100, 199)]) == 0.0


def test_concurrency_counts_streams() -> None:
    rows: list[Row] = [("k", "SM", 1, 0, 10), ("k", "SM", 1, 5, 20), ("k", "SM", 2, 0, 10)]
    assert whole(concurrency, rows) == 1.5


def test_gap_pairs_kernels_in_order() -> None:
    rows: list[Row] = [("a", "SM", 1, 0, 10), ("b", "SM", 1, 8, 12), ("a", "SM", 1, 20, 30)]
    assert np.isnan(whole(gap("a", "b"), rows))
    assert whole(gap("a", "b"), [*rows, ("b", "SM", 1, 34, 40)]) == 1.0  # of -2 and 4


def test_a_name_is_matched_as_a_whole() -> None:
    rows: list[Row] = [("ker_1", "SM", 1, 0, 10), ("ker_10", "SM", 2, 5, 10)]
    assert whole(beside("ker_1", "ker_10"), rows) == 0.5
    assert whole(beside("ker_10", "ker_."), rows) == 1.0


def test_calls_go_by_their_name_whatever_its_version() -> None:
    names = ["cudaFree_v3020", "cudaFreeAsync_v11020", "cudaFree"]
    calls = {"name": names, "start": [0, 10, 20], "end": [5, 18, 22]}
    assert whole(calls_ns("cudaFree"), [("k", "SM", 1, 0, 30)], calls=calls) == 7
    assert whole(calls_ns("cudaFreeAsync"), [("k", "SM", 1, 0, 30)], calls=calls) == 8


def test_host_work_beside_kernels() -> None:
    ranges = {
        "name": ["host work", "other"],
        "category": ["host_work", "phase"],
        "start": [0, 0],
        "end": [20, 99],
    }
    assert whole(host_beside, [("k", "SM", 1, 5, 30)], ranges=ranges) == 0.75


def test_an_sm_is_shared_when_blocks_of_two_launches_are_on_it_at_once() -> None:
    stamps = {
        "correlation": [1, 2, 1, 2],
        "sm": [0, 0, 1, 1],
        "role": ["body"] * 4,
        "start": [0, 500, 0, 1000],
        "end": [1000, 1500, 1000, 2000],
    }
    assert whole(shared_sms, [("k", "SM", 1, 0, 2000)], stamps=stamps) == 1
