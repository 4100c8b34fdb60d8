"""A trace whose index was kept is shown before its tables are read."""

import shutil
import threading
from pathlib import Path

import pytest

from timeline.errors import TraceError
from timeline.tiles import build, identity_of, keep
from timeline.trace import Trace
from timeline.ui.canvas import kept
from timeline.ui.canvas.details import details
from timeline.ui.canvas.kept import KEPT, Kept
from timeline.ui.canvas.shown import Shown
from timeline.ui.importing import of_path

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A trace with its index beside it."""
    path = tmp_path / "pdl"
    shutil.copytree(SAMPLE, path)
    name = identity_of(path)
    assert name is not None
    assert keep(build(Trace.load(path)), path, name, near=True) is not None
    return path


def unreadable(*_: object, **__: object) -> Trace:
    raise TraceError("the tables were read")


def test_nothing_is_read_for_the_picture(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.ui.importing.open_trace", unreadable)
    reading = of_path(place)
    assert reading.wait(0, whole=False)
    opened = reading.result()
    assert opened.activities == Trace.load(SAMPLE).activities.num_rows
    assert opened.trace.meta.source == "cupti"
    shown = Shown("pdl", opened.trace)
    assert shown.index.events > opened.activities
    with pytest.raises(TraceError, match="the tables were read"):
        details(shown, 0, 0)


def test_what_needs_the_tables_reads_them(place: Path) -> None:
    reading = of_path(place)
    assert details(Shown("pdl", reading.result().trace), 0, 0)["facts"]
    assert reading.wait(0), "so they have been read"
    assert reading.result().report["devices"]


def test_a_page_that_needs_the_whole_waits(place: Path) -> None:
    reading = of_path(place)
    opened = reading.result()
    assert reading.wait(60)
    assert reading.result() is opened
    assert opened.trace.span == Trace.load(SAMPLE).span


def test_a_trace_that_changed_meanwhile_is_not_mixed_with_its_index(place: Path) -> None:
    reading = of_path(place)
    trace = Trace.load(place)
    trace.replace(notes=("another one",)).save(place, overwrite=True)
    with pytest.raises(TraceError, match="has changed since it was opened"):
        _ = reading.result().trace.activities


def test_a_trace_that_grows_while_it_is_read_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing"
    shutil.copytree(SAMPLE, path)

    def grow(place: Path, _options: object) -> Trace:
        found = Trace.load(place)
        found.replace(notes=("a part more",)).save(place, overwrite=True)
        return found

    monkeypatch.setattr("timeline.ui.importing.open_trace", grow)
    reading = of_path(path)
    assert reading.wait(60)
    assert reading.result().activities > 0


def test_sessions_share_one_index() -> None:
    one, other = Trace.load(SAMPLE), Trace.load(SAMPLE)
    indices = Kept()
    assert indices.index(one) is indices.index(one)
    assert indices.index(one) is not indices.index(other), "nobody said that they are the same"
    readings = [of_path(SAMPLE) for _ in range(2)]
    assert all(reading.wait(60) for reading in readings)
    first, second = (reading.result().trace for reading in readings)
    assert first is not second
    assert KEPT.index(first) is KEPT.index(second)


def test_who_asks_at_once_waits_for_the_one_that_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Trace] = []

    def count(trace: Trace) -> object:
        built.append(trace)
        return build(trace)

    monkeypatch.setattr(kept, "build", count)
    indices, trace = Kept(), Trace.load(SAMPLE)
    asking = [threading.Thread(target=indices.index, args=(trace,)) for _ in range(6)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(built) == 1


def test_the_budget_lets_the_oldest_go() -> None:
    traces = [Trace.load(SAMPLE) for _ in range(3)]
    indices = Kept()
    for trace in traces[:2]:
        indices.index(trace)
    indices.most_bytes = indices.nbytes
    assert all(indices.has(trace) for trace in traces[:2])
    indices.index(traces[0])
    indices.index(traces[2])
    assert [indices.has(trace) for trace in traces] == [True, False, True]
    del traces[0]
    indices.index(traces[0])
    assert indices.has(traces[0])
