"""Where traces come from: the command line, a path, samples, other tools; without a browser."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from timeline.formats import ImportOptions, by_name
from timeline.trace import Trace

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Words = Callable[[Any], str]
Only = Callable[..., None]


@pytest.mark.parametrize("name", ["overview", "timeline"])
def test_a_trace_of_the_command_line_is_opened(
    run: Run, sound: Check, words: Words, only: Only, name: str, hostile_folder: Path
) -> None:
    only(hostile_folder)
    test = sound(run(name))
    assert test.selectbox[0].value == "hostile"
    assert test.query_params["trace"] in ("hostile", ["hostile"])
    shown = words(test)
    assert "measured with CUPTI" in shown
    assert "<img" not in shown


def test_a_file_of_another_tool_is_read_beside_the_page(
    run: Run, sound: Check, words: Words, only: Only, tmp_path: Path
) -> None:
    by_name("kineto").write(Trace.load(SAMPLE), tmp_path / "trace.json.gz")
    only(tmp_path / "trace.json.gz")
    test = sound(run("overview"))
    assert "Where the time went" in words(test)


def test_a_long_import_shows_progress_and_can_be_cancelled(
    run: Run,
    sound: Check,
    words: Words,
    only: Only,
    bare: Trace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()

    def slow(path: Path, options: ImportOptions) -> Trace:
        assert options.progress is not None
        options.progress(1, 2)
        assert go_on.wait(60)
        options.progress(2, 2)
        return bare

    monkeypatch.setattr("timeline.ui.importing.open_trace", slow)
    monkeypatch.setattr("timeline.ui.waiting._AT_ONCE_S", 0.05)
    only(bare.save(tmp_path / "slow"))
    test = sound(run("overview"))
    assert not [block for block in test.get("html") if "Makespan" in block.value]
    test.button(key="cancel/slow").click().run()
    go_on.set()
    monkeypatch.setattr("timeline.ui.waiting._AT_ONCE_S", 60.0)
    test.run()
    assert "cancelled" in test.error[0].value
    test.run()
    assert "Makespan" in words(test)


def test_a_path_is_offered_on_every_page(
    run: Run, sound: Check, only: Only, tmp_path: Path
) -> None:
    only(tmp_path)
    test = sound(run("open"))
    test.text_input(key="path").input(str(SAMPLE)).run()
    assert "pdl" in " ".join(each.value for each in sound(test).markdown)
    assert list(test.session_state["library/paths"]) == [SAMPLE]


@pytest.mark.parametrize("typed", ["/nowhere/at/all", "{tmp}/notes.txt"])
def test_a_path_without_a_trace_is_one_line(
    run: Run, only: Only, typed: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    only(tmp_path)
    test = run("open")
    test.text_input(key="path").input(typed.format(tmp=tmp_path)).run()
    assert not test.exception
    assert len(test.error) == 1


def test_samples_are_offered(
    run: Run, sound: Check, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["script.py"])
    test = sound(run("overview", trace="pdl/pdl"))
    assert test.selectbox[0].value == "pdl/pdl"
    assert "Programmatic dependent launch · pdl" in words(test)
