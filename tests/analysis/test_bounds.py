"""The critical path, edge by edge, and against a search of all chains."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.analysis import bound, work_of
from timeline.analysis.dependencies import Edges
from timeline.analysis.longest_path import longest_path_ns
from timeline.analysis.matching import first_after, latest_before, pair_codes
from timeline.analysis.numbering import number_ids
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]
Row = dict[str, Any]

quick = settings(max_examples=80, deadline=None)


def chunks(count: int, streams: int, *, serial: bool) -> list[Row]:
    """Chunks of copy in (10 ns), kernel (20 ns) and copy out (10 ns)."""
    rows: list[Row] = []
    for chunk in range(count):
        at = chunk * (40 if serial else 20)
        for engine, begin, end in (("H2D", 0, 10), ("SM", 10, 30), ("D2H", 30, 40)):
            times = {"start": at + begin, "end": at + end}
            rows.append({"engine": engine, "stream": 1 + chunk % streams, **times})
    rows.sort(key=lambda row: (row["start"], row["stream"]))
    return [{**row, "correlation": i} for i, row in enumerate(rows, 1)]


def test_a_serial_baseline_is_not_its_own_bound(make_trace: MakeTrace) -> None:
    kinds = [{"stream": 1, "kind": "non_blocking"}]
    found = bound(work_of(make_trace(chunks(5, 1, serial=True), streams=kinds), 0))
    assert found.makespan_ns == 200
    assert found.engine_bound_ns == 100
    assert found.critical_path_ns == 40  # one chunk
    assert found.bound_ns == 100
    assert found.pipeline_efficiency == 0.5
    assert found.overlap_efficiency == 0.0
    assert found.issued_path_ns == 200  # the stream's order costs it all


def test_a_pipeline_reaches_its_bound_but_for_fill_and_drain(make_trace: MakeTrace) -> None:
    kinds = [{"stream": s, "kind": "non_blocking"} for s in (1, 2, 3)]
    found = bound(work_of(make_trace(chunks(5, 3, serial=False), streams=kinds), 0))
    assert found.makespan_ns == 120
    assert found.bound_ns == 100
    assert found.overlap_efficiency == (200 - 120) / (200 - 100)
    assert found.issued_path_ns == 80


def test_one_chunk_can_not_be_shorter_than_its_chain(make_trace: MakeTrace) -> None:
    found = bound(work_of(make_trace(chunks(1, 1, serial=True)), 0))
    assert (found.engine_bound_ns, found.critical_path_ns) == (20, 40)
    assert found.pipeline_efficiency == 1.0


def diamond(**more: Any) -> tuple[list[Row], dict[str, list[Row]]]:
    """A (stream 1), then B and C (2 and 3), then D (1): a graph of events."""
    rows = [
        {"name": "A", "stream": 1, "start": 0, "end": 10, "correlation": 1},
        {"name": "B", "stream": 2, "start": 12, "end": 42, "correlation": 4},
        {"name": "C", "stream": 3, "start": 12, "end": 22, "correlation": 6},
        {"name": "D", "stream": 1, "start": 45, "end": 50, "correlation": 11},
    ]
    events = [
        {"event": 1, "stream": 1, "correlation": 2},
        {"event": 2, "stream": 2, "correlation": 7},
        {"event": 3, "stream": 3, "correlation": 8},
    ]
    waits = [
        {"event": 1, "stream": 2, "correlation": 3},
        {"event": 1, "stream": 3, "correlation": 5},
        {"event": 2, "stream": 1, "correlation": 9},
        {"event": 3, "stream": 1, "correlation": 10},
    ]
    tables = {
        "events": [{"device": 0, **more, **row} for row in events],
        "syncs": [
            {"kind": "stream_wait_event", "device": 0, "start": 0, "end": 0, **more, **row}
            for row in waits
        ],
        "streams": [{"stream": s, "kind": "non_blocking", **more} for s in (1, 2, 3)],
    }
    return [{"engine": "SM", **row, **more} for row in rows], tables


def test_events_make_the_critical_path(make_trace: MakeTrace) -> None:
    rows, tables = diamond()
    found = bound(work_of(make_trace(rows, **tables), 0))
    assert found.critical_path_ns == 10 + 30 + 5
    assert found.issued_path_ns == 45
    assert found.notes == ()


def test_events_of_another_process_are_others(make_trace: MakeTrace) -> None:
    rows, tables = diamond(process=7)
    tables["events"] = [{**row, "process": 8} for row in tables["events"]]
    found = bound(work_of(make_trace(rows, **tables), 0))
    assert found.critical_path_ns == 30


def test_a_record_counts_from_its_latest_issue_before_the_wait(make_trace: MakeTrace) -> None:
    rows, tables = diamond()
    tables["events"].append({"event": 2, "stream": 3, "correlation": 20, "device": 0})
    assert bound(work_of(make_trace(rows, **tables), 0)).critical_path_ns == 45


def test_waits_without_records_are_said(make_trace: MakeTrace) -> None:
    rows, tables = diamond()
    tables["events"] = []
    found = bound(work_of(make_trace(rows, **tables), 0))
    assert found.issued_path_ns is None
    assert found.critical_path_ns == 30
    assert "which records" in found.notes[0]


def test_an_edge_that_was_not_kept_is_no_edge(make_trace: MakeTrace) -> None:
    rows, tables = diamond()
    rows[1]["start"] = 5  # before A's end: whatever was waited for, it was not A
    assert bound(work_of(make_trace(rows, **tables), 0)).critical_path_ns == 37 + 5


def test_overlap_on_one_stream_counts_once(make_trace: MakeTrace) -> None:
    """Dependent launches: B starts before A ends, and C before B does."""
    times = [(0, 100), (60, 150), (140, 145), (150, 200)]
    rows = [
        {"engine": "SM", "start": a, "end": b, "correlation": i, "stream": 1}
        for i, (a, b) in enumerate(times)
    ]
    kinds = [{"stream": 1, "kind": "blocking"}]
    assert bound(work_of(make_trace(rows, streams=kinds), 0)).issued_path_ns == 200


def test_peer_copies_have_a_direction(make_trace: MakeTrace) -> None:
    peer = {"src_device": 1, "dst_device": 0}
    rows: list[Row] = [
        {"engine": "P2P", "start": 0, "end": 30, **peer},
        {"engine": "SM", "start": 30, "end": 50},
        {"engine": "P2P", "start": 50, "end": 60, "src_device": 0, "dst_device": 1},
    ]
    assert bound(work_of(make_trace(rows), 0)).critical_path_ns == 60
    rows[0].update(src_device=0, dst_device=1)  # away: the kernel does not need it
    assert bound(work_of(make_trace(rows), 0)).critical_path_ns == 30


@st.composite
def schedules(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]]]:
    """Activities (start, end, chain) that follow one another in a chain, and edges in time."""
    rows = []
    for chain in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, 5))
        for _ in range(draw(st.integers(1, 4))):
            length = draw(st.integers(1, 9))
            rows.append((at, at + length, chain))
            at += length + draw(st.integers(0, 4))
    rows.sort()
    possible = [
        (a, b) for a in range(len(rows)) for b in range(len(rows)) if rows[a][1] <= rows[b][0]
    ]
    edges = draw(st.lists(st.sampled_from(possible), max_size=8)) if possible else []
    return rows, edges


@given(schedules())
@quick
def test_longest_path_against_a_search(
    drawn: tuple[list[tuple[int, int, int]], list[tuple[int, int]]],
) -> None:
    rows, edges = drawn
    chains = sorted({chain for _, _, chain in rows})
    order = [i for c in chains for i, row in enumerate(rows) if row[2] == c]
    opens = [True] + [rows[a][2] != rows[b][2] for a, b in pairwise(order)]
    before: dict[int, set[int]] = {i: set() for i in range(len(rows))}
    for place, i in enumerate(order[1:], 1):
        if not opens[place]:
            before[i].add(order[place - 1])
    for source, target in edges:
        before[target].add(source)
    longest: list[int] = []
    for i, (start, end, _) in enumerate(rows):
        longest.append(end - start + max((longest[j] for j in before[i]), default=0))
    found = longest_path_ns(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array(order),
        np.array(opens),
        Edges(np.array([e[0] for e in edges], np.int64), np.array([e[1] for e in edges], np.int64)),
    )
    assert found == max(longest)
    assert found <= max(row[1] for row in rows) - min(row[0] for row in rows)


small = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=12)


@given(small, small)
@quick
def test_matching_by_issue(items: list[tuple[int, int]], queries: list[tuple[int, int]]) -> None:
    columns = [np.array(pairs, np.int64).reshape(-1, 2).T for pairs in (items, queries)]
    before, after = latest_before(*columns[0], *columns[1]), first_after(*columns[0], *columns[1])
    for i, (group, key) in enumerate(queries):
        below = [(k, n) for n, (g, k) in enumerate(items) if g == group and k < key]
        above = [(k, n) for n, (g, k) in enumerate(items) if g == group and k > key]
        assert before[i] == (max(below)[1] if below else -1)
        assert after[i] == (min(above)[1] if above else -1)


@given(small, small)
@quick
def test_pair_codes(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    one, other = (np.array(pairs, np.int64).reshape(-1, 2).T for pairs in (a, b))
    codes = np.concatenate(pair_codes((one[0], one[1]), (other[0], other[1])))
    named = bool(a) and bool(b)
    keys = [pair if named else pair[1] for pair in a + b]
    for i, key in enumerate(keys):
        for j, twin in enumerate(keys):
            assert (codes[i] == codes[j]) == (key == twin)


@given(st.lists(st.sampled_from([-1, 0, 7, 8, 2**40, -(2**62)]), max_size=9))
@quick
def test_numbers_for_ids(ids: list[int]) -> None:
    ranks = {value: rank for rank, value in enumerate(sorted(set(ids)))}
    assert number_ids(np.array(ids, np.int64)).tolist() == [ranks[value] for value in ids]
