"""What is written is read back as it was, and is what viewers take."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from timeline.formats import by_name, open_trace
from timeline.trace import Trace

DATA = Path(__file__).parents[2] / "data" / "kineto"
SAMPLES = Path(__file__).parents[3] / "samples"
PLACES = (
    DATA / "nccl_data.json.gz",
    DATA / "event_sync_multi_stream.json.gz",
    SAMPLES / "pdl" / "pdl",
    SAMPLES / "stream_ordered_alloc" / "async",
    SAMPLES / "scripts" / "record_torch",
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_nothing_is_lost(
    place: Path, tmp_path: Path, rows_of: Callable[[Trace], dict[str, Any]]
) -> None:
    trace = open_trace(place)
    out = tmp_path / "out.json.gz"
    by_name("kineto").write(trace, out)
    again = open_trace(out)
    assert rows_of(again) == rows_of(trace)
    assert again.meta == trace.meta


def test_slices_of_a_lane_lie_apart_or_inside_one_another(tmp_path: Path) -> None:
    """Perfetto drops a slice that overlaps another one of its lane, as PDL kernels do."""
    out = tmp_path / "out.json.gz"
    by_name("kineto").write(Trace.load(SAMPLES / "pdl" / "pdl"), out)
    document = json.loads(gzip.decompress(out.read_bytes()))
    lanes: dict[tuple[Any, Any], list[tuple[int, int]]] = {}
    for event in document["traceEvents"]:
        if event["ph"] == "X":
            start = round(event["ts"] * 1000)
            span = (start, -(start + round(event["dur"] * 1000)))
            lanes.setdefault((event["pid"], event["tid"]), []).append(span)
    assert len(lanes) > 5
    for spans in lanes.values():
        open_ends: list[int] = []
        for start, minus_end in sorted(spans):
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            assert not open_ends or -minus_end <= open_ends[-1]
            open_ends.append(-minus_end)


def test_arrows_counters_and_names_are_there(tmp_path: Path) -> None:
    trace = Trace.load(SAMPLES / "pdl" / "pdl")
    out = tmp_path / "out.json"
    by_name("kineto").write(trace, out)
    events = json.loads(out.read_bytes())["traceEvents"]
    phases = [event["ph"] for event in events]
    assert phases.count("s") == phases.count("f") > 0
    busy = [event["args"]["busy"] for event in events if event["ph"] == "C"]
    assert busy[-1] == 0
    assert max(busy) >= 1
    assert {"process_name", "thread_name"} <= {e["name"] for e in events if e["ph"] == "M"}
    assert not list(tmp_path.glob(".*"))
