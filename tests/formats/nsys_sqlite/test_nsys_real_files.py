"""Real exports, against figures that were computed apart from this project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.analysis import devices, work_of
from timeline.formats import by_name, detect, open_trace
from timeline.trace import Trace

DATA = Path(__file__).parents[2] / "data" / "nsys"
EXACT: dict[str, Any] = json.loads((DATA / "exact.json").read_text())
COPIES = ("H2D", "D2H", "D2D", "P2P")


@pytest.fixture(params=sorted(EXACT))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def without_graphs(trace: Trace) -> Trace:
    engine = trace.column("activities", "engine")
    graph = trace.names("activities", "engine").index("GRAPH")
    kept = trace.activities.take(np.flatnonzero(engine != graph))
    return Trace.from_tables(trace.meta, {**trace.tables, "activities": kept})


def test_busy_times_are_exact(name: str) -> None:
    trace = open_trace(DATA / name)
    if "GRAPH" in trace.names("activities", "engine"):
        trace = without_graphs(trace)
    assert {str(device) for device in devices(trace)} == EXACT[name]["devices"].keys()
    for device, exact in EXACT[name]["devices"].items():
        work = work_of(trace, int(device))
        assert work.busy_ns("SM") == exact["kernel_union_ns"]
        assert work.busy_ns(*COPIES) == exact["memcpy_ns"]
        assert work.busy_ns("MEMSET") == exact["memset_ns"]
        assert work.busy_ns(*work.engines) == exact["busy_ns"]
        assert work.window.length_ns == exact["span_ns"]
        assert work.counts.get("SM", 0) == exact["events"]["compute"]


def test_graph_rows_are_shown_as_such(name: str) -> None:
    trace = open_trace(DATA / name)
    kinds = trace.activities["kind"].to_pylist()
    assert kinds.count("graph") == EXACT[name]["graph_trace_rows"]


def test_the_kind_of_a_synchronisation_comes_from_its_call(name: str) -> None:
    """Both files write 2, which their own table of words calls a stream's wait for an event."""
    trace = open_trace(DATA / name)
    assert set(trace.tables["syncs"]["kind"].to_pylist()) == {"stream_synchronize"}
    assert trace.tables["syncs"]["thread"].null_count == 0


def test_what_the_file_says_of_itself(name: str) -> None:
    trace = open_trace(DATA / name)
    found = detect(DATA / name)
    assert found is by_name("nsys_sqlite")
    assert trace.meta.source == "nsys_sqlite"
    (device,) = trace.meta.devices
    assert device.name.startswith("NVIDIA GeForce RTX 30")
    assert device.compute_capability == "8.6"
    assert trace.meta.provenance["nsys"].startswith("202")
    assert trace.meta.epoch_ns > 1_700_000_000 * 10**9
    legacy = [row for row in trace.tables["streams"].to_pylist() if row["kind"] == "legacy"]
    assert [row["stream"] for row in legacy] == [7]
    high = [r["priority"] for r in trace.tables["streams"].to_pylist() if r["priority"]]
    assert high == [-5]


def test_names_lose_the_version_of_the_function() -> None:
    trace = open_trace(DATA / "mock.sqlite")
    assert "cudaMemcpyAsync" in trace.tables["calls"]["name"].to_pylist()
