"""Barriers of the legacy default stream, blocked hosts, gaps, dependent launches and stamps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from timeline.analysis import (
    barriers,
    bound,
    dependent_launches,
    host_waits,
    launch_gaps,
    stamp_agreement,
    summary,
    work_of,
)
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]
Row = dict[str, Any]


def stray(kind: str = "blocking") -> dict[str, list[Row]]:
    """Kernels in streams 1 and 2, one in the legacy stream 0, another one in stream 2."""
    columns = ("name", "stream", "start", "end", "correlation")
    rows = [("a", 1, 0, 100, 1), ("b", 2, 0, 60, 2), ("stray", 0, 100, 150, 3)]
    rows.append(("c", 2, 155, 200, 4))
    activities = [dict(zip(columns, row, strict=True), engine="SM") for row in rows]
    calls = [{"correlation": i, "start": i * 5, "end": i * 5 + 4} for i in range(1, 5)]
    kinds = [(0, "legacy"), (1, kind), (2, kind)]
    streams = [{"stream": stream, "kind": name} for stream, name in kinds]
    return {"activities": activities, "calls": calls, "streams": streams}


def make(make_trace: MakeTrace, tables: dict[str, list[Row]]) -> Trace:
    others = {name: rows for name, rows in tables.items() if name != "activities"}
    return make_trace(tables["activities"], **others)


def test_who_waited_for_whom_and_how_long(make_trace: MakeTrace) -> None:
    trace = make(make_trace, stray())
    found = barriers(work_of(trace, 0))
    assert found is not None
    names = np.array(trace.names("activities", "name"))[trace.column("activities", "name")]
    waits = {
        (str(names[a]), str(names[b])): int(ns)
        for a, b, ns in zip(found.waiting, found.waited_for, found.waited_ns, strict=True)
    }
    # The stray launch was enqueued at 19; c could have followed b at 60, but was held until 150.
    assert waits == {("stray", "a"): 81, ("stray", "b"): 41, ("c", "stray"): 90}
    assert found.total_ns == 81 + 90
    assert found.held_ns == 90
    assert found.blocked_ns == 150 - 19


def test_non_blocking_streams_are_not_held(make_trace: MakeTrace) -> None:
    found = barriers(work_of(make(make_trace, stray("non_blocking")), 0))
    assert found is not None
    assert (len(found), found.total_ns, found.blocked_ns, found.held_ns) == (0, 0, 0, 0)


def test_per_thread_default_streams_are_held(make_trace: MakeTrace) -> None:
    found = barriers(work_of(make(make_trace, stray("per_thread")), 0))
    assert found is not None
    assert found.held_ns == 90


def test_late_enqueueing_is_no_barrier(make_trace: MakeTrace) -> None:
    tables = stray()
    tables["calls"][3]["end"] = 148
    found = barriers(work_of(make(make_trace, tables), 0))
    assert found is not None
    assert found.held_ns == 2


def test_an_event_that_held_longer_is_no_barrier(make_trace: MakeTrace) -> None:
    tables = stray()
    slow = {"name": "slow", "stream": 5, "start": 0, "end": 155, "correlation": 0, "engine": "SM"}
    tables["activities"].append(slow)
    tables["calls"].append({"correlation": 0, "start": 0, "end": 0})
    tables["streams"].append({"stream": 5, "kind": "non_blocking"})
    for row in tables["activities"]:
        row["correlation"] += 10 * (row["name"] == "c")
    tables["calls"][3]["correlation"] += 10
    tables["events"] = [{"event": 1, "stream": 5, "correlation": 5}]
    tables["syncs"] = [{"kind": "stream_wait_event", "event": 1, "stream": 2, "correlation": 6}]
    found = barriers(work_of(make(make_trace, tables), 0))
    assert found is not None
    assert found.held_ns == 0


@pytest.mark.parametrize("missing", ["calls", "streams"])
def test_barriers_that_can_not_be_known_are_none(make_trace: MakeTrace, missing: str) -> None:
    tables = stray()
    del tables[missing]
    assert barriers(work_of(make(make_trace, tables), 0)) is None


def test_queue_times_stand_in_for_calls(make_trace: MakeTrace) -> None:
    tables = stray()
    del tables["calls"]
    for row in tables["activities"]:
        row["queued"] = row["correlation"] * 5 + 4
    found = barriers(work_of(make(make_trace, tables), 0))
    assert found is not None
    assert found.held_ns == 90


def test_the_barrier_is_part_of_the_issued_path_and_not_of_the_bound(
    make_trace: MakeTrace,
) -> None:
    found = bound(work_of(make(make_trace, stray()), 0))
    assert found.issued_path_ns == 100 + 50 + 45
    assert found.critical_path_ns == 100


def test_only_the_first_of_each_stream_waits(make_trace: MakeTrace) -> None:
    tables = stray()
    more = {"name": "d", "stream": 2, "start": 200, "end": 210, "correlation": 5, "engine": "SM"}
    tables["activities"].append(more)
    tables["calls"].append({"correlation": 5, "start": 25, "end": 29})
    found = barriers(work_of(make(make_trace, tables), 0))
    assert found is not None
    assert len(found) == 3


def test_host_waits(make_trace: MakeTrace) -> None:
    activities = [
        {"engine": "SM", "start": 10, "end": 50, "correlation": 1},
        {"engine": "SM", "start": 70, "end": 90, "correlation": 5},
        {"engine": "H2D", "start": 95, "end": 99, "correlation": 7, "src_kind": "pageable"},
    ]
    trace = make_trace(
        activities,
        syncs=[
            {"kind": "device_synchronize", "start": 5, "end": 55, "correlation": 2, "thread": 1}
        ],
        allocs=[
            {"kind": "free", "start": 60, "end": 65, "correlation": 3},
            {"kind": "malloc", "start": 75, "end": 80, "correlation": 6, "device": 0},
            {"kind": "malloc_async", "start": 1, "end": 2, "correlation": 4},
        ],
        calls=[{"correlation": 7, "start": 92, "end": 100, "thread": 3}],
    )
    found = host_waits(work_of(trace, 0))
    assert found.kinds == ("device_synchronize", "free", "malloc", "pageable_copy")
    assert found.blocked_ns.tolist() == [50, 5, 5, 8]
    assert found.idle_ns.tolist() == [10, 5, 0, 4]
    # Only the synchronisation waited for work; malloc returned while a kernel ran on.
    assert found.outstanding_ns.tolist() == [45, 0, 0, 0]
    assert found.threads.tolist() == [1, -1, -1, 3]


def synchronised() -> dict[str, list[Row]]:
    """Synchronisations with stream 1 while work of stream 2 runs on."""
    times = [(1, 10, 50, 1), (2, 12, 90, 2), (1, 50, 70, 4)]
    names = ("stream", "start", "end", "correlation")
    activities = [dict(zip(names, row, strict=True), engine="SM") for row in times]
    columns = ("kind", "stream", "event", "start", "end", "correlation")
    syncs = [
        ("event_synchronize", None, 9, 20, 55, 5),
        ("stream_synchronize", 1, None, 58, 75, 6),
        ("device_synchronize", None, None, 80, 95, 7),
    ]
    return {
        "activities": activities,
        "events": [{"event": 9, "stream": 1, "correlation": 3}],
        "syncs": [dict(zip(columns, row, strict=True)) for row in syncs],
    }


def test_only_what_a_synchronisation_is_for_counts_as_outstanding(make_trace: MakeTrace) -> None:
    found = host_waits(work_of(make(make_trace, synchronised()), 0))
    assert found.kinds == ("event_synchronize", "stream_synchronize", "device_synchronize")
    assert found.outstanding_ns.tolist() == [50 - 20, 70 - 58, 90 - 80]


def test_an_event_whose_record_was_not_traced_follows_everything(make_trace: MakeTrace) -> None:
    tables = synchronised()
    del tables["events"]
    found = host_waits(work_of(make(make_trace, tables), 0))
    assert found.outstanding_ns.tolist() == [0, 70 - 58, 90 - 80]


def test_memory_that_loading_a_module_takes_is_no_wait(make_trace: MakeTrace) -> None:
    loaded = {"kind": "malloc", "start": 5, "end": 5, "correlation": 0, "bytes": 1}
    called = {"kind": "malloc", "start": 6, "end": 8, "correlation": 1}
    trace = make_trace([{"engine": "SM", "start": 0, "end": 9}], allocs=[loaded, called])
    assert host_waits(work_of(trace, 0)).blocked_ns.tolist() == [2]


def test_pinning_memory_is_told_from_cuda_malloc(make_trace: MakeTrace) -> None:
    allocs = [
        {"kind": kind, "memory_kind": memory, "start": at, "end": at + 2, "correlation": at}
        for at, (kind, memory) in enumerate(
            [("malloc", "pinned"), ("malloc", "device"), ("free", "pinned")], 1
        )
    ]
    trace = make_trace([{"engine": "SM", "start": 0, "end": 9}], allocs=allocs)
    assert host_waits(work_of(trace, 0)).kinds == ("host_alloc", "malloc", "free")


def test_no_waits(make_trace: MakeTrace) -> None:
    assert len(host_waits(work_of(make_trace([{"engine": "SM", "start": 0, "end": 1}]), 0))) == 0


def pdl_rows() -> list[Row]:
    times = [(0, 100), (60, 160), (162, 170)]
    return [
        {"engine": "SM", "start": a, "end": b, "correlation": i, "pdl": i == 2, "stream": 1}
        for i, (a, b) in enumerate(times, 1)
    ]


def test_launch_gaps(make_trace: MakeTrace) -> None:
    rows = pdl_rows()
    rows.append({"engine": "SM", "start": 3, "end": 4, "stream": 2})
    rows.append({"engine": "D2H", "start": 180, "end": 190, "stream": 1})
    work = work_of(make_trace(rows), 0)
    gaps = launch_gaps(work)
    assert gaps.gap_ns.tolist() == [-40, 2]
    assert gaps.summary is not None
    assert (gaps.summary.negative, gaps.summary.median_ns, gaps.summary.max_ns) == (1, -40, 2)
    assert launch_gaps(work, kernels_only=False).gap_ns.tolist() == [-40, 2, 10]


def test_one_activity_has_no_gap(make_trace: MakeTrace) -> None:
    assert launch_gaps(work_of(make_trace(pdl_rows()[:1]), 0)).summary is None


def test_dependent_launches_from_activities_alone(make_trace: MakeTrace) -> None:
    found = dependent_launches(work_of(make_trace(pdl_rows()), 0))
    assert found.attribute.tolist() == [True]
    assert found.gap_ns.tolist() == [-40]
    assert found.overlap_ns.tolist() == [40]
    for unknown in (found.epilogue_overlap, found.prologue_overlap, found.wait_after_end_ns):
        assert np.isnan(unknown).all()


def test_dependent_launches_with_stamps(make_trace: MakeTrace) -> None:
    stamps = [
        {"correlation": 1, "role": "epilogue", "block": 0, "start": 40, "end": 98},
        {"correlation": 1, "role": "epilogue", "block": 1, "start": 50, "end": 99},
        {"correlation": 2, "role": "prologue", "block": 0, "start": 61, "end": 111},
        {"correlation": 2, "role": "prologue", "block": 1, "start": 65, "end": 110},
        {"correlation": 2, "role": "wait", "block": 0, "start": 111, "end": 112},
        {"correlation": 2, "role": "wait", "block": 1, "start": 110, "end": 115},
    ]
    found = dependent_launches(work_of(make_trace(pdl_rows(), stamps=stamps), 0))
    assert found.epilogue_overlap.tolist() == [
        40 / 50
    ]  # the last trigger came at 50, A ended at 100
    assert found.prologue_overlap.tolist() == [39 / 50]
    assert found.wait_after_end_ns.tolist() == [12]


def test_stamps_of_kernels_that_share_a_launch_are_not_used(make_trace: MakeTrace) -> None:
    rows = [{**row, "correlation": 1} for row in pdl_rows()]
    stamps = [{"correlation": 1, "role": "epilogue", "start": 40, "end": 98}]
    work = work_of(make_trace(rows, stamps=stamps), 0)
    assert np.isnan(dependent_launches(work).epilogue_overlap).all()
    assert stamp_agreement(work) is None


def test_stamp_agreement(make_trace: MakeTrace) -> None:
    stamps = [
        {"correlation": 1, "role": "body", "start": 3, "end": 95},
        {"correlation": 1, "role": "body", "start": 5, "end": 98},
        {"correlation": 2, "role": "body", "start": 59, "end": 150},
        {"correlation": 3, "role": "body", "start": 166, "end": 170},
    ]
    found = stamp_agreement(work_of(make_trace(pdl_rows(), stamps=stamps), 0))
    assert found is not None
    assert (found.kernels, found.start_ns, found.end_ns, found.outside) == (3, 3, 2, 1)


def test_summary(make_trace: MakeTrace) -> None:
    rows = [
        {"engine": "SM", "name": "k", "start": 0, "end": 10},
        {"engine": "SM", "name": "k", "start": 5, "end": 35, "stream": 2},
        {"engine": "H2D", "name": "copy", "start": 0, "end": 50, "bytes": 10},
        {"engine": "H2D", "name": "copy", "start": 50, "end": 51, "bytes": 5},
    ]
    copy, kernel = summary(work_of(make_trace(rows), 0))
    assert (copy.name, copy.engine, copy.total_ns, copy.bytes) == ("copy", "H2D", 51, 15)
    assert (kernel.count, kernel.total_ns, kernel.mean_ns) == (2, 40, 20.0)
    assert (kernel.min_ns, kernel.max_ns, kernel.bytes) == (10, 30, None)
