"""The registry, the opening of files and the account of an import."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from timeline.errors import TraceError, UsageError
from timeline.formats import (
    ImportOptions,
    Intake,
    Limits,
    Progress,
    by_name,
    by_suffix,
    detect,
    open_trace,
    read_foreign,
    registry,
)
from timeline.trace import Meta, Trace, table


class Lines:
    """A format of one start and end a line."""

    name = "lines"
    title = "lines of numbers"
    suffixes = (".lines", ".x.lines")

    def sniff(self, path: Path) -> bool:
        return path.read_bytes()[:5] == b"lines"

    def read(self, path: Path, options: ImportOptions) -> Trace:
        intake = Intake(path, options)
        spans = [line.split() for line in path.read_text().splitlines()[1:]]
        intake.take_rows(len(spans), "line 1")
        sound = []
        for number, span in enumerate(spans):
            intake.tell(number, len(spans))
            if int(span[1]) < int(span[0]):
                intake.refuse(f"line {number}", "spans that end before they start")
            else:
                sound.append(span)
        times = np.array(sound, np.int64).reshape(-1, 2)
        activities = table("activities", {"start": times[:, 0], "end": times[:, 1]})
        meta = Meta(self.name, notes=intake.notes())
        return Trace.from_tables(meta, {"activities": activities})

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        path.write_text("lines\n")


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("timeline.formats.lines")
    module.FORMAT = Lines()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timeline.formats.lines", module)
    monkeypatch.setattr(registry, "NAMES", (*registry.NAMES, "lines"))


def written(path: Path, *spans: str) -> Path:
    path.write_text("\n".join(("lines", *spans)))
    return path


def test_a_format_is_found_by_content_name_and_suffix(tmp_path: Path) -> None:
    path = written(tmp_path / "any.txt", "1 2")
    found = detect(path)
    assert found is not None
    assert found.name == "lines"
    assert by_name("lines") is by_suffix(tmp_path / "a.x.lines")
    assert detect(tmp_path) is None
    assert detect(tmp_path / "missing") is None


def test_unknown_formats_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'lines'"):
        by_name("line")
    with pytest.raises(UsageError, match=r"must end in .*\.lines"):
        by_suffix(tmp_path / "a.doc")
    other = tmp_path / "other"
    other.write_text("something else")
    with pytest.raises(TraceError, match="of no format that timeline imports"):
        read_foreign(other)


def test_open_trace_takes_native_and_foreign(tmp_path: Path) -> None:
    foreign = open_trace(written(tmp_path / "a.lines", "1 2", "0 9"))
    assert foreign.column("activities", "start").tolist() == [0, 1]
    native = open_trace(foreign.save(tmp_path / "native"))
    assert native.activities.equals(foreign.activities)
    with pytest.raises(TraceError, match="not a timeline trace"):
        open_trace(Path(__file__))


def test_unsound_rows_are_an_error_or_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.lines", "1 2", "9 3", "8 3")
    with pytest.raises(TraceError, match=r"a\.lines: line 1: spans that end .*--lenient"):
        open_trace(path)
    trace = open_trace(path, ImportOptions(lenient=True))
    assert trace.activities.num_rows == 1
    assert trace.meta.notes == ("Unsound: 2 spans that end before they start (first at line 1).",)


@pytest.mark.parametrize(
    ("limits", "message"),
    [(Limits(rows=1), "more than 1 rows.*--max-rows"), (Limits(file_bytes=3), "--max-bytes")],
)
def test_limits_hold(tmp_path: Path, limits: Limits, message: str) -> None:
    path = written(tmp_path / "a.lines", "1 2", "2 3")
    with pytest.raises(TraceError, match=message):
        open_trace(path, ImportOptions(limits=limits))


def test_progress_is_told_and_may_interrupt(tmp_path: Path) -> None:
    told = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_trace(written(tmp_path / "a.lines", "1 2", "2 3"), ImportOptions(progress=stop))
    assert told == [(0, 2)]


def test_the_account_says_each_thing_once() -> None:
    intake = Intake(Path("f"))
    intake.leave("arrows", 2)
    intake.leave("arrows", 3)
    intake.leave("nothing", 0)
    intake.flag("event 3", "odd rows")
    intake.flag("event 9", "odd rows")
    intake.note("Times are of one host.")
    intake.note("Times are of one host.")
    assert intake.notes() == (
        "Times are of one host.",
        "Unsound: 2 odd rows (first at event 3).",
        "Left aside: 5 arrows.",
    )
