"""Each statement of the documentation runs, and finds what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from timeline.intervals import intersect, union
from timeline.trace import Trace

pytest.importorskip("duckdb")
from timeline.query import Database

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
STATEMENTS = dict(re.findall(r"^(\w[^\n]+):\n\n```sql\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.load(ROOT / "samples" / "scripts" / "record_torch")


@pytest.fixture(scope="module")
def database(trace: Trace) -> Iterator[Database]:
    with Database(trace) as opened:
        yield opened


def test_statements_are_found() -> None:
    assert len(STATEMENTS) == PAGE.count("```sql") > 5


@pytest.mark.parametrize("what", STATEMENTS)
def test_it_runs(database: Database, what: str) -> None:
    assert database.ask(STATEMENTS[what]).num_columns > 1


def answer(database: Database, beginning: str) -> list[dict[str, object]]:
    (sql,) = (sql for what, sql in STATEMENTS.items() if what.startswith(beginning))
    found: list[dict[str, object]] = database.ask(sql).to_pylist()
    return found


def test_kernel_time_is_the_sum_of_durations(database: Database, trace: Trace) -> None:
    kernels = [r for r in trace.activities.to_pylist() if r["kind"] == "kernel"]
    first = answer(database, "Which kernels")[0]
    mine = [r["end"] - r["start"] for r in kernels if r["name"] == first["name"]]
    assert (first["launches"], first["ns"], first["longest"]) == (len(mine), sum(mine), max(mine))


def test_gaps_are_what_the_union_leaves_free(database: Database, trace: Trace) -> None:
    found = {row["stream"]: row["idle_ns"] for row in answer(database, "Gaps")}
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    for stream in set(trace.column("activities", "stream").tolist()):
        mine = trace.column("activities", "stream") == stream
        starts, ends = union(start[mine], end[mine])
        idle = int((starts[1:] - ends[:-1]).sum())
        assert found.get(stream, 0) == idle


def test_exposed_copies_touch_no_kernel(database: Database, trace: Trace) -> None:
    kinds = [row["kind"] for row in trace.activities.to_pylist()]
    kernels = [place for place, kind in enumerate(kinds) if kind == "kernel"]
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    work = union(start[kernels], end[kernels])
    exposed = {row["start"] for row in answer(database, "Copies")}
    for place, kind in enumerate(kinds):
        if kind == "memcpy":
            beside = intersect(*work, *union(start[[place]], end[[place]]))
            assert (int(start[place]) in exposed) == (len(beside[0]) == 0)


def test_ranges_know_their_kernels(database: Database) -> None:
    assert any(row["kernels"] for row in answer(database, "What ran"))
