"""An index that was kept on the disk is the one that was built."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.tiles import Index, build, identity_of, keep, kept, measures
from timeline.tiles.encode import encoded
from timeline.tiles.places import beside, cached
from timeline.tiles.search import found
from timeline.tiles.store import load, save
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SAMPLE = SAMPLES / "default_stream_barrier" / "stray_legacy"
ME = "0" * 64
Activities = list[tuple[int, int, int, int, int]]
ONE = st.tuples(
    st.integers(0, 400), st.integers(0, 60), st.integers(0, 4), st.integers(7, 9), st.integers(0, 3)
)


def again(index: Index, path: Path) -> Index:
    save(index, path, ME)
    read = load(path, ME)
    assert read is not None
    return read


def same(one: Index, other: Index) -> None:
    """Everything that is asked of an index has the same answer."""
    assert one.groups == other.groups
    assert one.rows == other.rows
    assert list(one.kernel_ns.items()) == list(other.kernel_ns.items())
    for name in ("origin", "first", "last", "length", "view", "left_out", "engines", "events"):
        assert getattr(one, name) == getattr(other, name)
    assert {t: n.to_pylist() for t, n in one.names.items()} == {
        t: n.to_pylist() for t, n in other.names.items()
    }
    assert all(np.array_equal(one.name_counts[t], other.name_counts[t]) for t in one.names)
    assert np.array_equal(one.waits.waiting, other.waits.waiting)
    rows = range(len(one.rows))
    for level in (0, 6, 11, 16, 20):
        for place in (0, (one.last >> level) // 1024):
            assert encoded(one, rows, level, place) == encoded(other, rows, level, place)
    for start, end in ((0, one.last), (one.last // 3, one.last // 2)):
        assert measures(one, start, end) == measures(other, start, end)
    assert found(one, "1", (0, -1, -1)) == found(other, "1", (0, -1, -1))


@settings(max_examples=25)
@given(made=st.lists(ONE, max_size=40))
def test_of_any_trace(
    traced: Callable[..., Trace], tmp_path_factory: pytest.TempPathFactory, made: Activities
) -> None:
    index = build(traced(made))
    same(index, again(index, tmp_path_factory.getbasetemp() / "any" / "index.bin"))


def test_of_recorded_and_of_large_traces(large: Trace, tmp_path: Path) -> None:
    for trace in (large, Trace.load(SAMPLE)):
        index = build(trace)
        read = again(index, tmp_path / "index.bin")
        same(index, read)
        assert read.nbytes <= 64 * read.events + 1_000_000
    assert [path.name for path in tmp_path.iterdir()] == ["index.bin"]


def test_an_event_takes_at_most_64_bytes_of_the_file(large: Trace, tmp_path: Path) -> None:
    index = build(large)
    save(index, tmp_path / "index.bin", ME)
    assert (tmp_path / "index.bin").stat().st_size <= 64 * index.events
    assert index.nbytes <= 64 * index.events


def test_of_another_trace_it_is_none(tmp_path: Path) -> None:
    save(build(Trace.load(SAMPLE)), tmp_path / "index.bin", ME)
    assert load(tmp_path / "index.bin", "1" * 64) is None
    assert load(tmp_path / "gone.bin", ME) is None


@settings(max_examples=25)
@given(st.data())
def test_a_damaged_head_or_a_shortened_file_is_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged" / "index.bin"
    save(build(Trace.load(SAMPLE)), path, ME)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 64))
    path.write_bytes(whole[:cut])
    assert load(path, ME) is None
    at = data.draw(st.integers(0, 15))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
    assert load(path, ME) is None


def test_the_identity_is_that_of_the_content(tmp_path: Path) -> None:
    trace = Trace.load(SAMPLE)
    one, other = trace.save(tmp_path / "one"), trace.save(tmp_path / "other")
    assert identity_of(one) == identity_of(other)
    shorter = dict(trace.tables) | {"activities": trace.activities.slice(1)}
    Trace.from_tables(trace.meta, shorter).save(other, overwrite=True)
    assert identity_of(one) != identity_of(other)
    assert identity_of(tmp_path) is None
    assert identity_of(tmp_path / "gone") is None


def test_it_lies_beside_the_trace(tmp_path: Path) -> None:
    trace = Trace.load(SAMPLE)
    place = trace.save(tmp_path / "one")
    before = sorted(path.name for path in place.rglob("*"))
    name = identity_of(place)
    assert name is not None
    assert kept(place, name) is None
    assert keep(build(trace), place, name, near=True) == beside(place)
    assert sorted(path.name for path in place.rglob("*")) == before, "the trace is as it was"
    assert kept(place, name) is not None
    trace.save(place, overwrite=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cant_be_written_leaves_it_to_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "fixed").mkdir()
    place = Trace.load(SAMPLE).save(tmp_path / "fixed" / "one")
    place.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        in_the_cache(place)
    finally:
        place.parent.chmod(stat.S_IRWXU)


def test_a_place_that_is_taken_leaves_it_to_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = Trace.load(SAMPLE).save(tmp_path / "one")
    beside(place).write_text("somebody's file", encoding="utf-8")
    in_the_cache(place)
    assert beside(place).read_text(encoding="utf-8") == "somebody's file"


def in_the_cache(place: Path) -> None:
    name = identity_of(place)
    assert name is not None
    index = build(Trace.load(place))
    assert keep(index, place, name, near=True) == cached(name)
    assert kept(place, name) is not None


def test_no_place_at_all_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = Trace.load(SAMPLE).save(tmp_path / "one")
    name = identity_of(place)
    assert name is not None
    assert keep(build(Trace.load(place)), place, name, near=False) is None


def test_the_cache_keeps_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("timeline.tiles.places.MOST_CACHED_BYTES", 1)
    index = build(Trace.load(SAMPLE))
    for number in range(3):
        assert keep(index, tmp_path / "trace", str(number) * 64, near=False) is not None
        os.utime(cached(str(number) * 64), (number, number))
    left = [number for number in range(3) if cached(str(number) * 64).exists()]
    assert left == [2]
