"""Why engines were idle, what the critical path went through, and slack."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.analysis import critical_path, idle_causes, slack_ns, work_of
from timeline.analysis.execution import Cause, Execution, execution
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]
Row = dict[str, Any]

NS = 1_000
"""Times below are in µs."""


def rows(names: str, *values: tuple[Any, ...]) -> list[Row]:
    """Rows out of tuples; starts and ends in µs."""
    made = [dict(zip(names.split(), row, strict=True)) for row in values]
    for row in made:
        row.update({key: row[key] * NS for key in ("start", "end") if key in row})
    return made


ACTIVITY = "name engine stream start end correlation"
CALL = "name start end correlation thread"


def joined(trace: Trace) -> Execution:
    return execution(work_of(trace, 0))


def causes(trace: Trace, engine: str) -> dict[str, int]:
    """Idle µs of an engine by cause."""
    found = idle_causes(joined(trace), engine)
    work = work_of(trace, 0)
    assert found.total_ns == work.window.length_ns - work.busy_ns(engine)
    return {name: ns // NS for name, ns in found.by_cause_ns.items()}


def shares(trace: Trace) -> dict[str, int]:
    """µs of the critical path."""
    found = critical_path(joined(trace)).shares_ns
    assert sum(found.values()) == work_of(trace, 0).window.length_ns
    return {name: ns // NS for name, ns in found.items()}


def slacks(trace: Trace) -> list[int]:
    return [int(ns) // NS for ns in slack_ns(joined(trace))]


def test_stream_order_makes_engines_wait_for_each_other(make_trace: MakeTrace) -> None:
    trace = make_trace(
        rows(ACTIVITY, ("in", "H2D", 1, 0, 40, 1), ("k", "SM", 1, 42, 100, 2)),
        calls=rows(CALL, ("c", -9, -8, 1, 1), ("c", -7, -6, 2, 1)),
    )
    assert causes(trace, "SM") == {"dependency": 40, "latency": 2}
    assert causes(trace, "H2D") == {"nothing": 60}
    assert shares(trace) == {"H2D": 40, "SM": 58, "latency": 2}
    assert slacks(trace) == [0, 0]


def test_a_late_host(make_trace: MakeTrace) -> None:
    trace = make_trace(
        rows(ACTIVITY, ("a", "SM", 1, 0, 10, 1), ("b", "SM", 2, 50, 60, 2)),
        calls=rows(CALL, ("c", -9, -8, 1, 1), ("c", 40, 47, 2, 1)),
    )
    assert causes(trace, "SM") == {"host": 37, "latency": 3}
    assert shares(trace) == {"SM": 10, "latency": 3, "calls": 7, "host": 40}
    assert slacks(trace) == [50, 0]


def synchronised(make_trace: MakeTrace, name: str, table: str, row: Row) -> Trace:
    """A kernel, a call that waits for it, and a copy in another stream."""
    return make_trace(
        rows(ACTIVITY, ("k", "SM", 1, 0, 50, 1), ("out", "D2H", 2, 70, 80, 3)),
        calls=rows(CALL, ("c", -9, -8, 1, 1), (name, -7, 54, 2, 1), ("c", 60, 65, 3, 1)),
        **{table: [{"start": -7 * NS, "end": 54 * NS, "correlation": 2, "thread": 1} | row]},
    )


@pytest.mark.parametrize(
    ("name", "table", "row", "cause"),
    [
        ("cudaDeviceSynchronize", "syncs", {"kind": "device_synchronize"}, "synchronisation"),
        ("cudaFree", "allocs", {"kind": "free"}, "allocation"),
    ],
)
def test_a_host_that_waits(
    make_trace: MakeTrace, name: str, table: str, row: Row, cause: str
) -> None:
    trace = synchronised(make_trace, name, table, row)
    # 50 us of the kernel and 4 until the call returned; then 6 between calls and a call of 5.
    assert causes(trace, "D2H") == {cause: 54, "host": 11, "latency": 5}
    assert shares(trace) == {"SM": 50, "calls": 9, "host": 6, "latency": 5, "D2H": 10}
    assert slacks(trace) == [0, 0]


def test_a_pageable_copy_blocks_its_host(make_trace: MakeTrace) -> None:
    activities = rows(
        ACTIVITY, ("out", "D2H", 1, 0, 50, 1), ("in", "H2D", 2, 60, 80, 2), ("k", "SM", 3, 0, 1, 9)
    )
    activities[0]["dst_kind"] = "pageable"
    trace = make_trace(
        activities, calls=rows(CALL, ("cudaMemcpyAsync", -5, 52, 1, 1), ("c", 53, 58, 2, 1))
    )
    assert causes(trace, "H2D") == {"blocking_copy": 52, "host": 6, "latency": 2}
    assert slacks(trace)[:1] == [0]


def test_the_legacy_default_stream_is_a_barrier(make_trace: MakeTrace) -> None:
    trace = make_trace(
        rows(ACTIVITY, ("stray", "SM", 0, 0, 50, 1), ("in", "H2D", 2, 51, 60, 2)),
        calls=rows(CALL, ("c", -9, -8, 1, 1), ("c", -7, -6, 2, 1)),
        streams=[{"stream": 0, "kind": "legacy"}, {"stream": 2, "kind": "blocking"}],
    )
    assert causes(trace, "H2D") == {"barrier": 50, "latency": 1}


def test_an_event_between_streams_is_a_dependency(make_trace: MakeTrace) -> None:
    trace = make_trace(
        rows(ACTIVITY, ("k", "SM", 1, 0, 50, 1), ("out", "D2H", 2, 51, 60, 4)),
        calls=rows(CALL, *((n, -2 * i, -2 * i + 1, 5 - i, 1) for i, n in enumerate("dcba", 1))),
        events=[{"event": 5, "stream": 1, "correlation": 2}],
        syncs=[{"kind": "stream_wait_event", "stream": 2, "event": 5, "correlation": 3}],
    )
    assert causes(trace, "D2H") == {"dependency": 50, "latency": 1}
    assert slacks(trace) == [0, 0]


def test_a_taken_engine_is_on_the_path(make_trace: MakeTrace) -> None:
    """The second copy was ready at 10 and started when the first left the engine."""
    trace = make_trace(
        rows(
            ACTIVITY,
            ("a", "H2D", 1, 0, 100, 1),
            ("b", "H2D", 2, 101, 140, 2),
            ("k", "SM", 2, 142, 150, 3),
        ),
        calls=rows(CALL, *(("c", 2 * i, 2 * i + 1, i + 1, 1) for i in range(3))),
    )
    assert shares(trace) == {"H2D": 139, "latency": 3, "SM": 8}
    assert causes(trace, "SM") == {"dependency": 139, "latency": 3}
    assert slacks(trace) == [0, 0, 0]


def test_dependent_launch_overlaps_and_still_adds_up(make_trace: MakeTrace) -> None:
    trace = make_trace(
        rows(ACTIVITY, ("a", "SM", 1, 0, 100, 1), ("b", "SM", 1, 50, 150, 2)),
        calls=rows(CALL, ("c", -9, -8, 1, 1), ("c", -7, -6, 2, 1)),
    )
    assert shares(trace) == {"SM": 150}


def test_without_calls_a_first_activity_is_not_explained(make_trace: MakeTrace) -> None:
    trace = make_trace(rows(ACTIVITY, ("a", "SM", 1, 0, 10, 1), ("b", "H2D", 2, 50, 60, 2)))
    assert causes(trace, "H2D") == {"unknown": 50}
    assert shares(trace) == {"H2D": 10, "unknown": 50}


def test_nothing_has_no_causes(make_trace: MakeTrace) -> None:
    found = joined(make_trace([]))
    assert critical_path(found).shares_ns == {}
    assert idle_causes(found, "SM").by_cause_ns == {}
    assert len(slack_ns(found)) == 0


# Any trace

times = st.integers(0, 60)


@st.composite
def tables(draw: Any) -> dict[str, list[Row]]:
    """Activities in stream order, issued in turn by two threads, with a wait now and then."""
    free: dict[int, int] = {}
    host = [0, 0]
    made: dict[str, list[Row]] = {"activities": [], "calls": [], "syncs": []}
    for issue in range(draw(st.integers(1, 12))):
        thread = draw(st.integers(0, 1))
        begin = host[thread] + draw(times)
        host[thread] = begin + draw(st.integers(0, 9))
        call = {"start": begin * NS, "thread": thread, "correlation": issue + 1}
        if made["activities"] and draw(st.integers(0, 1)):
            host[thread] = max(host[thread], *free.values()) + draw(st.integers(0, 3))
            made["syncs"].append(call | {"kind": "device_synchronize", "end": host[thread] * NS})
        else:
            stream = draw(st.integers(0, 2))
            start = max(host[thread], free.get(stream, 0)) + draw(st.integers(0, 20))
            free[stream] = start + draw(st.integers(0, 40))
            engine = draw(st.sampled_from(["SM", "H2D", "D2H"]))
            made["activities"].append(
                {"engine": engine, "stream": stream, "correlation": issue + 1}
                | {"start": start * NS, "end": free[stream] * NS}
            )
        made["calls"].append(call | {"name": "c", "end": host[thread] * NS})
    return made


@given(tables())
def test_causes_fill_the_idle_time_of_every_engine(
    make_trace: MakeTrace, made: dict[str, list[Row]]
) -> None:
    trace = make_trace(made.pop("activities"), **made)
    found, work = joined(trace), work_of(trace, 0)
    for engine in ("SM", "H2D", "D2H"):
        pieces = idle_causes(found, engine)
        assert (pieces.ends > pieces.starts).all()
        order = np.argsort(pieces.starts)
        starts, ends = pieces.starts[order], pieces.ends[order]
        assert (starts[1:] >= ends[:-1]).all()
        assert pieces.total_ns == work.window.length_ns - work.busy_ns(engine)
        assert "unknown" not in pieces.by_cause_ns


@given(tables())
def test_the_path_is_one_chain_over_the_whole_makespan(
    make_trace: MakeTrace, made: dict[str, list[Row]]
) -> None:
    trace = make_trace(made.pop("activities"), **made)
    found = joined(trace)
    steps, work = critical_path(found).steps, work_of(trace, 0)
    if len(steps):
        assert steps.starts[-1] == work.window.start_ns
        assert steps.ends[0] == work.window.end_ns
    assert (steps.starts[:-1] == steps.ends[1:]).all()
    ran = steps.places[steps.causes == Cause.ACTIVITY]
    assert (slack_ns(found)[ran] == 0).all()


def replayed(found: Execution, delayed: int, by: int) -> int:
    """The end of everything when one activity ends later: a replay forward, with the same lags."""
    work, calls, before = found.work, found.calls, found.before
    n, m = len(work.rows), len(calls)
    late_act, late_call = [0] * n, [0] * m
    for _ in range(n + m + 1):
        for c in range(m):
            arrivals = [(0, 0)]
            if calls.before[c] >= 0:
                arrivals.append((int(calls.starts[c]), late_call[calls.before[c]]))
            if (a := calls.waited_for[c]) >= 0:
                arrivals.append((int(work.ends[a]), late_act[a]))
            held = max(time for time, _ in arrivals)
            late_call[c] = max(0, *(late - (held - time) for time, late in arrivals))
        for v in range(n):
            arrivals = []
            for _, edges in before.edges:
                for u in edges.sources[edges.targets == v]:
                    arrivals.append((int(min(work.ends[u], work.starts[v])), late_act[u]))
            if before.kinds[v] == 3:
                arrivals.append((int(before.finish[v]), late_act[before.sources[v]]))
            if (c := calls.issued[v]) >= 0:
                arrivals.append((int(found.enqueued[v]), late_call[c]))
            held = max((time for time, _ in arrivals), default=0)
            late_act[v] = max(0, *(late - (held - time) for time, late in arrivals), 0)
            if v == delayed:
                late_act[v] += by
    ends = [int(end) + late for end, late in zip(work.ends, late_act, strict=True)]
    return max(*ends, *(int(e) + late for e, late in zip(calls.ends, late_call, strict=True)), 0)


@given(tables(), st.data())
def test_slack_is_what_a_replay_can_bear(
    make_trace: MakeTrace, made: dict[str, list[Row]], data: st.DataObject
) -> None:
    trace = make_trace(made.pop("activities"), **made)
    found = joined(trace)
    if not len(found.work.rows):
        return
    place = data.draw(st.integers(0, len(found.work.rows) - 1))
    slack, end = int(slack_ns(found)[place]), found.work.window.end_ns
    last_call = int(found.calls.ends.max(initial=0))
    if last_call > end:
        return  # the host went on after the device: its end is not the makespan's
    assert replayed(found, place, slack) <= end
    assert replayed(found, place, slack + 1) > end


def test_a_host_function_without_a_context_belongs_to_its_stream(make_trace: MakeTrace) -> None:
    """CUPTI names none for it."""
    activities = rows(
        ACTIVITY,
        ("a", "SM", 1, 0, 10, 1),
        ("f", "HOST", 1, 30, 50, 2),
        ("b", "SM", 1, 60, 80, 3),
        ("c", "SM", 2, 0, 5, 4),
    )
    for row in activities:
        row.update(process=7, context=None if row["engine"] == "HOST" else row["stream"])
    found = joined(make_trace(activities))
    assert found.work.stream_codes.tolist() == [0, 1, 0, 0]
    assert found.before.sources.tolist() == [-1, -1, 0, 2]


def test_a_stream_id_of_two_contexts_tells_no_context(make_trace: MakeTrace) -> None:
    activities = rows(
        ACTIVITY,
        ("a", "SM", 1, 0, 10, 1),
        ("c", "SM", 1, 0, 5, 2),
        ("f", "HOST", 1, 30, 50, 3),
    )
    for row, context in zip(activities, (1, 2, None), strict=True):
        row.update(process=7, context=context)
    assert len(set(work_of(make_trace(activities), 0).stream_codes.tolist())) == 3
