"""The report: the shape of its JSON, its text, and what it says about the trace."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from timeline.errors import UsageError
from timeline.report import compare_table, report
from timeline.trace import Device, Meta, Trace, table
from timeline.trace.kept import Kept

FIXED = (
    "device",
    "makespan_ns",
    "bound_ns",
    "pipeline_efficiency",
    "overlap_efficiency",
    "hidden_copy_ratio",
    "exposed_copy_ns",
    "engines",
    "overlaps",
)


def trace_of(meta: Meta, columns: dict[str, Any], **tables: dict[str, Any]) -> Trace:
    found = {name: table(name, values) for name, values in tables.items()}
    return Trace.from_tables(meta, {"activities": table("activities", columns), **found})


def pipelined(**meta: Any) -> Trace:
    """Two repeats, of 30 and 40 ns: a copy, then a kernel beside a second copy."""
    columns = {
        "kind": ["memcpy", "kernel", "memcpy"] * 2,
        "name": ["in", "void scale<\x1b[31m>(float*)", "in"] * 2,
        "engine": ["H2D", "SM", "H2D"] * 2,
        "start": [0, 10, 10, 100, 120, 120],
        "end": [10, 30, 20, 120, 140, 130],
        "stream": [1, 1, 2] * 2,
        "device": [0] * 6,
        "bytes": [1 << 20, None, 1 << 20] * 2,
    }
    given = {
        "source": "cupti",
        "devices": (Device(0, "NVIDIA H200"),),
        "labels": {"technique": "three_way_overlap", "variant": "depth_first"},
        "repeats": ((0, 50), (100, 150)),
        "paced": "gated",
        **meta,
    }
    return trace_of(Meta(**given), columns)


def test_json_shape() -> None:
    found = report(pipelined()).to_json()
    assert list(found)[:3] == ["trace", "source", "devices"]
    assert found["trace"] == "three_way_overlap / depth_first"
    assert found["source"] == "cupti"
    (device,) = found["devices"]
    assert tuple(device)[: len(FIXED)] == FIXED
    assert list(device["engines"]) == ["SM", "H2D", "D2H"]
    assert device["engines"]["H2D"] == {"busy_ns": 20, "busy_ratio": 20 / 30, "activities": 2}
    assert [o["engines"] for o in device["overlaps"]] == [
        ["D2H", "H2D"],
        ["D2H", "SM"],
        ["H2D", "SM"],
        ["D2H", "H2D", "SM"],
    ]
    assert device["overlaps"][0] == {"engines": ["D2H", "H2D"], "overlap_ns": 0, "ratio": None}
    assert device["overlaps"][2] == {"engines": ["H2D", "SM"], "overlap_ns": 10, "ratio": 0.5}
    assert device["hidden_copy_ratio"] == 0.5
    assert device["exposed_copy_ns"] == 10
    json.dumps(found, allow_nan=False)


def test_the_repeat_of_median_makespan_is_measured() -> None:
    found = report(pipelined()).to_json()
    (device,) = found["devices"]
    assert found["repeats"] == {"count": 2, "measured": 0}
    assert device["makespan_ns"] == 30
    assert device["makespan_spread_ns"]["median"] == 35
    assert report(pipelined(), repeat=1).to_json()["devices"][0]["makespan_ns"] == 40


def test_a_window() -> None:
    (device,) = report(pipelined(), window=(10, 20)).to_json()["devices"]
    assert device["makespan_ns"] == 10
    assert device["engines"]["SM"] == {"busy_ns": 10, "busy_ratio": 1.0, "activities": 1}
    assert device["pipeline_efficiency"] == 1.0
    with pytest.raises(UsageError):
        report(pipelined(), window=(20, 10))


def test_text_says_where_the_figures_come_from() -> None:
    text = str(report(pipelined(dropped=1200, notes=("Clock moved.",))))
    assert "measured by cupti" in text
    assert "streams held until all was enqueued" in text
    assert "repeat 1 of 2" in text
    assert "1,200 records were lost" in text
    assert "Clock moved." in text
    assert "NVIDIA H200" in text
    assert "2 MiB" in text


def test_text_of_a_simulated_trace_says_so() -> None:
    assert "simulated" in str(report(pipelined(source="sim")))


def test_names_of_others_are_text() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, width=120)
    report(pipelined(labels={"technique": "[red]x\x1b[2J"})).print(console)
    assert "\x1b[31m" not in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()
    assert "[red]x" in out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_line_fits(width: int) -> None:
    out = io.StringIO()
    report(pipelined()).print(Console(file=out, width=width, color_system=None))
    assert max(map(len, out.getvalue().splitlines())) <= width


def test_an_empty_trace() -> None:
    found = report(Trace.from_tables(Meta("cupti"), {}))
    assert found.to_json()["devices"] == []
    assert "No activities" in str(found)


def test_an_engine_without_work_is_undefined_and_not_zero() -> None:
    columns = {"kind": ["kernel"], "engine": ["SM"], "start": [0], "end": [9], "device": [2]}
    (device,) = report(trace_of(Meta("x"), columns)).to_json()["devices"]
    assert device["device"] == 2
    assert device["hidden_copy_ratio"] is None
    assert device["exposed_copy_ns"] == 0
    assert device["overlap_efficiency"] is None
    assert device["barriers"] is None
    assert device["pdl"] is None
    assert "–" in str(report(trace_of(Meta("x"), columns)))


def test_two_devices_stay_apart() -> None:
    columns = {
        "kind": ["kernel", "kernel"],
        "engine": ["SM", "SM"],
        "start": [0, 5],
        "end": [10, 25],
        "device": [0, 1],
    }
    found = report(trace_of(Meta("cupti"), columns)).to_json()["devices"]
    assert [(d["device"], d["makespan_ns"], d["pipeline_efficiency"]) for d in found] == [
        (0, 10, 1.0),
        (1, 20, 1.0),
    ]


def test_rows_that_are_left_out_are_said() -> None:
    columns = {
        "kind": ["kernel", "kernel", "graph", "kernel"],
        "engine": ["SM", "warp drive", "GRAPH", "SM"],
        "start": [0, 5, 6, 7],
        "end": [10, 25, 26, 27],
        "device": [0, 1, 1, None],
    }
    notes = " ".join(report(trace_of(Meta("cupti"), columns)).notes)
    assert "1 activities name no device" in notes
    assert "1 activities are on no known engine" in notes
    assert "traced as one row" in notes


def test_barriers_host_waits_and_dependent_launches_are_told() -> None:
    columns = {
        "kind": ["kernel"] * 4,
        "engine": ["SM"] * 4,
        "name": ["a", "stray", "b", "c"],
        "start": [0, 1000, 2000, 2500],
        "end": [1000, 2000, 3000, 3600],
        "stream": [1, 0, 2, 2],
        "device": [0] * 4,
        "correlation": [1, 2, 3, 4],
        "queued": [0, 0, 0, 0],
        "pdl": [False, False, False, True],
    }
    streams = {"stream": [0, 1, 2], "kind": ["legacy", "blocking", "blocking"]}
    syncs = {"kind": ["device_synchronize"], "start": [100], "end": [3700], "correlation": [5]}
    stamps = {"correlation": [4], "role": ["prologue"], "start": [2600], "end": [2700]}
    trace = trace_of(Meta("cupti"), columns, streams=streams, syncs=syncs, stamps=stamps)
    found = report(trace)
    (device,) = found.to_json()["devices"]
    assert device["barriers"]["held_ns"] == 2000
    assert device["barriers"]["longest"][0] == {
        "waiting": {"name": "b", "stream": 2},
        "waited_for": {"name": "stray", "stream": 0},
        "start_ns": 0,
        "waited_ns": 2000,
    }
    assert device["launch_gaps"]["negative"] == 1
    assert device["pdl"]["overlap_ns"] == 500
    assert device["pdl"]["prologue_overlap"] == 1.0
    assert device["pdl"]["epilogue_overlap"] is None
    (wait,) = device["host_waits"]
    assert (wait["kind"], wait["blocked_ns"], wait["outstanding_ns"]) == (
        "device_synchronize",
        3600,
        3500,
    )
    text = str(found)
    for words in ("stray (stream 0)", "device synchronize", "launch gap between kernels", "PDL"):
        assert words in text


def test_traces_side_by_side() -> None:
    serial = {"technique": "three_way_overlap", "variant": "serial"}
    found = compare_table([pipelined(labels=serial), pipelined()])
    first, second = found.rows(0)
    assert next(iter(first)) == "variant"  # the technique is the same
    assert (first["variant"], second["variant"]) == ("serial", "depth_first")
    assert first["speed-up"] == "1.00×"
    assert found.rows(1)[0]["H2D ∩ SM"] == "0.500"
    assert "all three" not in found.rows(1)[0]  # nowhere defined
    assert list(found.rows(2)[0]) == ["variant"]
    assert [one["trace"] for one in found.to_json()] == [
        "three_way_overlap / serial",
        "three_way_overlap / depth_first",
    ]
    out = io.StringIO()
    found.print(Console(file=out, width=80, color_system=None))
    assert "depth_first" in out.getvalue()


def test_nothing_side_by_side() -> None:
    assert compare_table([]).tables() == []


def started_up(**meta: Any) -> Trace:
    """A script: one copy while starting up, then copies and kernels close together."""
    ms = 1_000_000
    columns = {
        "kind": ["memcpy", "memcpy", "kernel", "memcpy"],
        "name": ["load", "in", "scale", "in"],
        "engine": ["H2D", "H2D", "SM", "H2D"],
        "start": [7, 7 + 900 * ms, 7 + 901 * ms + 500, 7 + 901 * ms],
        "end": [7 + ms, 7 + 901 * ms, 7 + 904 * ms + 250, 7 + 902 * ms],
        "stream": [1, 1, 1, 2],
        "device": [0] * 4,
    }
    return trace_of(Meta("cupti", **meta), columns)


def test_a_script_that_mostly_starts_up_is_told_where_it_was_busy() -> None:
    found = report(started_up())
    (note,) = [text for text in found.notes if "idle" in text]
    assert "idle for 99.4 % of the time" in note
    assert "window 900.000ms:904.001ms" in note
    ms = 1_000_000
    busy = report(started_up(), window=(7 + 900 * ms, 7 + 904 * ms + 1000))
    assert "idle" not in " ".join(busy.notes)
    program = report(started_up(repeats=((0, 10**9),)))  # what is repeated was chosen already
    assert "idle" not in " ".join(program.notes)


def test_an_overlap_efficiency_that_tells_of_idle_time_alone_is_a_dash() -> None:
    whole = report(started_up())
    assert whole.to_json()["devices"][0]["overlap_efficiency"] < -100
    (line,) = [row for row in str(whole).splitlines() if "overlap efficiency" in row]
    assert line.split()[2] == "–"
    assert "idle time outweighs" in line


def test_an_overlap_efficiency_of_a_pipeline_is_shown() -> None:
    (line,) = [row for row in str(report(pipelined())).splitlines() if "overlap eff" in row]
    assert line.split()[2] == "1.000"


def test_the_makespan_of_a_window_is_its_length_and_has_no_spread() -> None:
    found = report(pipelined(), window=(5, 25))
    assert found.to_json()["devices"][0]["makespan_spread_ns"] is None
    (line,) = [row for row in str(found).splitlines() if row.startswith("makespan")]
    assert line.split() == ["makespan", "20", "ns", "length", "of", "the", "window"]


def test_the_order_issued_is_never_said_to_allow_less_than_the_busiest_engine_needs() -> None:
    columns = {
        "kind": ["kernel", "kernel"],
        "engine": ["SM", "SM"],
        "start": [0, 100],
        "end": [60, 160],
        "stream": [1, 2],
        "device": [0, 0],
        "correlation": [1, 2],
    }
    kinds = {"device": [0, 0], "stream": [1, 2], "kind": ["non_blocking"] * 2}
    found = report(trace_of(Meta("cupti"), columns, streams=kinds))
    assert found.to_json()["devices"][0]["issued_path_ns"] == 60
    (line,) = [row for row in str(found).splitlines() if row.startswith("bound")]
    assert line.split("order issued")[1].split() == ["120", "ns"]


def test_a_recording_that_did_not_end_is_reported_and_says_so_once() -> None:
    kept = Kept(parts=3, until_ns=2_000_000_000)
    found = report(pipelined().replace(kept=kept, notes=kept.notes()))
    (note,) = [note for note in found.notes if "did not end" in note]
    assert "everything up to part 3, written 2.000 s after the start, is here" in note
    assert found.to_json()["kept"] == {
        "ended": False,
        "parts": 3,
        "until_ns": 2_000_000_000,
        "why": "",
        "dropped_parts": 0,
        "dropped_rows": 0,
        "dropped_until_ns": 0,
    }
    assert report(pipelined()).to_json()["kept"] is None
