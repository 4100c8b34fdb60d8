"""Figures that only the ledger takes of traces."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from timeline.analysis.technique_figures import Repeat, over_repeats
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.claims.figures import (
    collective_blocks,
    counted,
    gap_between,
    kernel_ns,
    most_kernels_at_once,
    pool_returns,
)
from timeline.claims.probes import largest_unheld, longest_call_ns, waiting_share
from timeline.techniques import technique
from timeline.trace import Device, Meta, Trace, table

Figure = Callable[[Repeat], float]
H200 = Device(0, "NVIDIA H200", sm_count=132)


def trace(*kernels: tuple[str, int, int], grid: int = 8, held: tuple[int, ...] = ()) -> Trace:
    """Kernels (name, start, end), and what a pool holds after each call."""
    columns: dict[str, Any] = {
        "kind": ["kernel"] * len(kernels),
        "engine": ["SM"] * len(kernels),
        "name": [name for name, _, _ in kernels],
        "start": [start for _, start, _ in kernels],
        "end": [end for _, _, end in kernels],
        "grid": np.tile([grid, 1, 1], (len(kernels), 1)),
    }
    allocs = {"start": list(range(len(held))), "end": list(range(len(held)))}
    made = {
        "activities": table("activities", columns, len(kernels)),
        "allocs": table("allocs", {**allocs, "pool_reserved": list(held)}, len(held)),
    }
    return Trace.from_tables(Meta("cupti", devices=(H200,)), made)


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (kernel_ns, 20.0),
        (most_kernels_at_once, 2.0),
        (gap_between("a"), 5.0),
        (collective_blocks, 16 / 132),
    ],
)
def test_figures_of_kernels(figure: Figure, value: float) -> None:
    kernels = (("a", 0, 20), ("a", 25, 35), ("b", 10, 30), ("ncclAllReduce", 40, 80))
    assert over_repeats(trace(*kernels, grid=16), figure) == pytest.approx(value)


@pytest.mark.parametrize("figure", [gap_between("a"), collective_blocks, pool_returns])
def test_what_a_trace_can_not_tell_is_no_number(figure: Figure) -> None:
    assert np.isnan(over_repeats(trace(("b", 0, 10)), figure))


def test_returns_are_falls_of_what_a_pool_holds() -> None:
    found = trace(("k", 0, 10), held=(32, 64, 64, 32, 64, 0))
    assert over_repeats(found, pool_returns) == 2
    assert over_repeats(trace(("k", 0, 10), held=(32, 64)), pool_returns) == 0


def test_counts_are_known_answers_that_were_checked() -> None:
    """Any known answer does: the check sums of ``pdl`` stand for a count here."""
    program = technique("pdl").program("pdl", pairs=1, grid=1, block=32)
    (expect,) = program.expects
    ran = SimBackend("h200").run(program, RunOptions(repeat=2))
    name = expect.span.buffer.name
    assert counted("pdl", "pdl", name)({"pdl": ran}) == 1
    assert np.isnan(counted("pdl", "pdl", "no such buffer")({"pdl": ran}))
    unchecked = ran.replace(verified=1)
    assert np.isnan(counted("pdl", "pdl", name)({"pdl": unchecked}))


def test_probes_of_calls() -> None:
    free = {"idle": 1_000, "other_stream_busy": 1_200, "own_stream_busy": 1_100}
    held = {**free, "own_stream_busy": 4_001_000}
    waits = {"waits": {"copy 4K": free, "copy 1M": free, "copy 2M": held}}
    assert waiting_share(r"copy \w+", "own_stream_busy")(waits) == pytest.approx(1 / 3)
    assert waiting_share(r"copy \w+", "other_stream_busy")(waits) == 0
    assert largest_unheld(r"copy \w+")(waits) == 1 << 20
    assert longest_call_ns("copy 4K")(waits) == 1_200
    with pytest.raises(KeyError):
        longest_call_ns("other")(waits)
