"""An unchanged replay gives the schedule back, from a simulation or a recording."""

from collections.abc import Callable

import numpy as np
import pytest

from timeline.errors import TraceError
from timeline.trace import Meta, Trace, table
from timeline.whatif import lift, replay

Simulated = Callable[..., Trace]

EXACT = (
    ("five_kernels", "two_streams"),
    ("three_way_overlap", "serial"),
    ("three_way_overlap", "depth_first"),
    ("pinned_vs_pageable", "pageable"),
    ("pinned_vs_pageable", "pinned"),
    ("default_stream_barrier", "stray_legacy"),
    ("per_thread_default_stream", "legacy"),
    ("event_wait", "device_synchronize"),
    ("event_wait", "event"),
    ("stream_ordered_alloc", "malloc_free"),
    ("graph_capture", "graph"),
    ("pdl", "pdl"),
    ("host_callback", "host_func"),
)


@pytest.mark.parametrize(("name", "variant"), EXACT)
@pytest.mark.parametrize("gate", [True, False])
def test_a_simulated_trace_comes_back_exactly(
    simulated: Simulated, name: str, variant: str, gate: bool
) -> None:
    scenario = lift(simulated(name, variant, gate))
    schedule = replay(scenario)
    np.testing.assert_array_equal(schedule.starts, scenario.work.starts)
    np.testing.assert_array_equal(schedule.ends, scenario.work.ends)
    recorded = scenario.calls.recorded
    np.testing.assert_array_equal(schedule.call_starts, recorded.starts)
    np.testing.assert_array_equal(schedule.call_ends, recorded.ends)


def test_the_same_scenario_gives_the_same_times(sample: Callable[[str], Trace]) -> None:
    scenario = lift(sample("three_way_overlap/breadth_first"))
    once, again = replay(scenario), replay(scenario)
    np.testing.assert_array_equal(once.starts, again.starts)
    np.testing.assert_array_equal(once.call_ends, again.call_ends)


def test_a_trace_without_activities_is_refused() -> None:
    empty = Trace.from_tables(Meta("cupti"), {"activities": table("activities", {}, 0)})
    with pytest.raises(TraceError, match="no activities"):
        lift(empty)
