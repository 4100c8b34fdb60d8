"""The techniques, without a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from timeline.techniques import NAMES, technique

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Words = Callable[[Any], str]


@pytest.mark.parametrize("name", NAMES)
def test_every_technique_has_a_page(run: Run, words: Words, name: str) -> None:
    test = run("techniques", technique=name)
    assert not test.exception
    assert not test.error
    assert test.selectbox(key="chosen").value == name
    shown = words(test)
    assert technique(name).title in shown
    assert "Makespan" in shown


def test_an_unknown_technique_in_the_address_is_the_first(run: Run) -> None:
    test = run("techniques", technique="nonsense")
    assert not test.exception
    assert test.selectbox(key="chosen").value == NAMES[0]


def test_choosing_changes_the_address(run: Run) -> None:
    test = run("techniques")
    test.selectbox(key="chosen").select("pdl").run()
    assert not test.exception
    assert test.query_params["technique"] in ("pdl", ["pdl"])


def test_a_technique_shows_its_recordings_and_verdicts(run: Run, words: Words) -> None:
    test = run("techniques", technique="pdl", view="Recorded")
    assert "Recorded on NVIDIA H200" in words(test)
    test = run("techniques", technique="pdl", view="Claims")
    assert "A dependent launched with PDL goes on at the trigger" in words(test)
    assert test.dataframe[0].value["part"].iloc[0] == "decides"


def test_without_a_gpu_the_page_says_why(
    run: Run, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.ui.technique_tabs.missing_gpu", lambda: "no driver")
    test = run("techniques", technique="pdl", view="This GPU")
    assert "Nothing can be recorded here: no driver." in words(test)


def test_with_a_gpu_every_variant_is_recorded(
    run: Run, sound: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def record(name: str, settings: Any) -> dict[str, Path]:
        asked.append((name, settings["grid"]))
        return {"pdl": SAMPLE}

    monkeypatch.setattr("timeline.ui.technique_tabs.missing_gpu", lambda: "")
    monkeypatch.setattr("timeline.ui.technique_tabs.record", record)
    test = run("techniques", technique="pdl", view="This GPU")
    test.button[0].click().run()
    assert asked == [("pdl", 128)]
    assert list(sound(test).dataframe[0].value["trace"]) == ["pdl"]
