"""Strips of idle time hold the causes that the analysis found, to the ns, in every bucket."""

from pathlib import Path

import numpy as np
import pytest

from timeline.analysis import work_of
from timeline.analysis.execution import execution
from timeline.analysis.idle_causes import CAUSES, IdleCauses, idle_causes
from timeline.tiles import BUCKETS, Index, Row, build, identity_of, keep, kept
from timeline.tiles.encode import row_tile
from timeline.tiles.idle import idle_segments
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = ("three_way_overlap/depth_first", "stream_ordered_alloc/malloc_free", "pdl/pdl")


def with_idle(trace: Trace) -> Index:
    index = build(trace)
    told: list[tuple[int, int]] = []
    found = idle_segments(trace, index.origin, index.idle_engines, lambda *t: told.append(t))
    assert told == [(i + 1, len(told)) for i in range(len(told))]
    index.idle.update(found)
    return index


def engine_rows(index: Index) -> list[Row]:
    return [row for row in index.rows if row.idle is not None]


def clipped(idle: IdleCauses, origin: int, start: int, end: int) -> np.ndarray:
    """Time of each cause within a bucket, by looking at each piece."""
    inside = np.minimum(idle.ends - origin, end) - np.maximum(idle.starts - origin, start)
    found = np.zeros(len(CAUSES), np.int64)
    np.add.at(found, idle.causes, np.maximum(inside, 0))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_cause_of_each_engine(name: str) -> None:
    trace = Trace.load(SAMPLES / name)
    index = with_idle(trace)
    joined = execution(work_of(trace, 0))
    for row in engine_rows(index):
        assert row.idle is not None
        idle = idle_causes(joined, row.idle)
        spent = index.idle[0, row.idle].within(index.first - 9, index.last + 9)[1:]
        kept = dict(zip(CAUSES, spent.tolist(), strict=True))
        assert {cause: ns for cause, ns in kept.items() if ns} == idle.by_cause_ns


@pytest.mark.parametrize("level", [6, 12, 16, 20, 24])
def test_a_bucket_holds_the_time_of_each_cause(large: Trace, level: int) -> None:
    index = with_idle(large)
    (row,) = [row for row in engine_rows(index) if row.idle == "SM"]
    idle = idle_causes(execution(work_of(large, 0)), "SM")
    for place in {0, (index.last >> level) // BUCKETS // 2}:
        found = row_tile(index, row, level, place)
        first, width = place * BUCKETS << level, 1 << level
        if not len(found.bucket):
            starts, ends = idle.starts - index.origin, idle.ends - index.origin
            here = (starts < first + BUCKETS * width) & (ends > first) & (ends > starts)
            assert found.start.tolist() == sorted(starts[here].tolist())
            continue
        assert not len(found.start)
        for bucket in range(0, BUCKETS, 37):
            mine = found.bucket == bucket
            start = first + bucket * width
            told = np.zeros(len(CAUSES), np.int64)
            told[found.longest_name[mine]] = found.total[mine]
            assert told.tolist() == clipped(idle, index.origin, start, start + width).tolist()


def test_before_it_is_worked_out_there_is_nothing() -> None:
    index = build(Trace.load(SAMPLES / NAMES[0]))
    for row in engine_rows(index):
        assert row_tile(index, row, 10, 0).spans == 0
    assert index.idle_engines == {0: ("SM", "H2D", "D2H")}


def test_it_is_kept_with_the_index(tmp_path: Path) -> None:
    trace = Trace.load(SAMPLES / NAMES[0])
    place = trace.save(tmp_path / "one")
    name = identity_of(place)
    assert name is not None
    index = with_idle(trace)
    assert keep(index, place, name, near=True)
    again = kept(place, name)
    assert again is not None
    assert again.idle.keys() == index.idle.keys()
    for engine, own in index.idle.items():
        for mine, theirs in zip(own.arrays, again.idle[engine].arrays, strict=True):
            assert np.array_equal(mine, theirs)
