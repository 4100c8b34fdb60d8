"""Reading a trace beside the page."""

import shutil
import threading
from pathlib import Path

import pytest

from timeline.errors import TimelineError, TraceError
from timeline.formats import by_name
from timeline.trace import Meta, Trace
from timeline.ui.importing import Import, of_path, of_upload

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"


def upload(path: Path, name: str) -> Import:
    found = of_upload(name, memoryview(path.read_bytes()))
    assert found.wait(30)
    return found


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where temporary files go, to see that none stays."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.mark.parametrize("kind", ["zip", "json.gz", "json", "sqlite"])
def test_an_upload_is_told_by_its_content(kind: str, tmp_path: Path, temporary: Path) -> None:
    trace = Trace.load(SAMPLE)
    path = tmp_path / f"trace.{kind}"
    if kind == "zip":
        shutil.make_archive(str(tmp_path / "trace"), "zip", SAMPLE)
    else:
        by_name("nsys_sqlite" if kind == "sqlite" else "kineto").write(trace, path)
    found = upload(path, "no suffix at all").result()
    assert found.trace.activities.num_rows == trace.activities.num_rows
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"{", b"SQLite format 3\x00"])
def test_an_unreadable_upload_says_why_in_one_line(
    content: bytes, tmp_path: Path, temporary: Path
) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    found = upload(path, "mine.zip")
    assert found.failure
    assert "\n" not in found.failure
    assert "mine.zip" in found.failure
    assert str(temporary) not in found.failure
    with pytest.raises(TraceError):
        found.result()
    assert not list(temporary.iterdir())


def test_progress_is_told_and_an_import_can_be_cancelled() -> None:
    told, go_on = threading.Event(), threading.Event()

    def read(tell: object) -> Trace:
        assert callable(tell)
        tell(1, 4)
        told.set()
        assert go_on.wait(30)
        tell(2, 4)
        raise AssertionError("read on after it was cancelled")

    found = Import("long.json", read)
    assert told.wait(30)
    assert not found.wait(0)
    assert found.share == 0.25
    found.cancel()
    go_on.set()
    assert found.wait(30)
    with pytest.raises(TimelineError, match="cancelled"):
        found.result()


def test_without_a_total_nothing_is_said_of_the_share() -> None:
    found = Import("x", lambda tell: (tell(5, 0), Trace.from_tables(Meta("sim"), {}))[1])  # type: ignore[func-returns-value]
    assert found.wait(30)
    assert found.share == 0
    assert found.result().report["devices"] == []


def test_a_path_that_went_away_is_an_error(tmp_path: Path) -> None:
    found = of_path(tmp_path / "gone")
    assert found.wait(30)
    assert "gone" in found.failure
