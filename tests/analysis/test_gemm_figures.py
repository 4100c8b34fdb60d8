"""Figures of dependent matrix products and of clusters, on traces written by hand."""

from typing import Any

import numpy as np

from timeline.analysis.cluster_figures import kernel_ns
from timeline.analysis.gemm_figures import (
    pair_ns,
    prologue_hidden,
    roles_at_once,
    saved_beyond_gap,
)
from timeline.analysis.technique_figures import over_repeats
from timeline.trace import Meta, Trace, table


def pairs(*spans: tuple[int, int], stamps: dict[str, Any] | None = None) -> Trace:
    """Kernels that are first and second in turns, with correlations from 1 on."""
    columns = {
        "kind": ["kernel"] * len(spans),
        "name": [f"gemm_{('first', 'second')[i % 2]}" for i in range(len(spans))],
        "engine": ["SM"] * len(spans),
        "stream": [7] * len(spans),
        "correlation": list(range(1, len(spans) + 1)),
        "start": [start for start, _ in spans],
        "end": [end for _, end in spans],
    }
    made = {"activities": table("activities", columns, len(spans))}
    if stamps:
        made["stamps"] = table("stamps", stamps)
    return Trace.from_tables(Meta("test"), made)


PROLOGUES = {
    "correlation": [1, 2, 2, 1],
    "role": ["prologue", "prologue", "prologue", "epilogue"],
    "start": [0, 80, 90, 70],
    "end": [10, 100, 120, 100],
}


def test_a_pair_lasts_from_its_first_kernel_to_its_second_ones_end() -> None:
    trace = pairs((0, 100), (110, 200), (300, 400), (405, 520))
    assert over_repeats(trace, pair_ns) == 210  # of 200 and 220
    assert np.isnan(over_repeats(pairs((0, 100)), pair_ns))


def test_only_prologues_of_second_kernels_count_as_hidden() -> None:
    trace = pairs((0, 100), (80, 200), stamps=PROLOGUES)
    assert over_repeats(trace, prologue_hidden) == 20 / 40  # 80 to 100 of 80 to 120


def test_roles_at_once_are_measured_against_the_first() -> None:
    trace = pairs((0, 100), (80, 200), stamps=PROLOGUES)
    assert over_repeats(trace, roles_at_once("epilogue", "prologue")) == 20 / 30
    assert np.isnan(over_repeats(trace, roles_at_once("mma", "load")))


def test_what_is_saved_is_told_in_launch_gaps() -> None:
    without, dependent = pairs((0, 100), (110, 200)), pairs((0, 100), (95, 175))
    assert saved_beyond_gap(without, dependent) == 2.5
    assert np.isnan(saved_beyond_gap(dependent, without))  # no gap to compare with


def test_kernels_at_once_count_once() -> None:
    assert over_repeats(pairs((0, 100), (80, 200)), kernel_ns) == 200
