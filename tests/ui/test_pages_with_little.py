"""Every page with no trace, a broken one, and one that lacks most of what a page could show."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from timeline.trace import Trace

OF_A_TRACE = ("overview", "timeline", "findings", "whatif")
PAGES = (*OF_A_TRACE, "open", "compare", "ranks")

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Only = Callable[..., None]


@pytest.mark.parametrize("name", [*OF_A_TRACE, "compare"])
def test_without_traces_a_page_says_what_to_do(
    run: Run, sound: Check, only: Only, name: str, tmp_path: Path
) -> None:
    only(tmp_path)
    assert "timeline record" in sound(run(name)).info[0].value


def test_without_ranks_the_page_says_what_to_do(
    run: Run, sound: Check, only: Only, tmp_path: Path
) -> None:
    only(tmp_path)
    assert "rank" in sound(run("ranks")).info[0].value


@pytest.mark.parametrize("name", OF_A_TRACE)
def test_a_broken_trace_is_one_line(run: Run, only: Only, name: str, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "meta.json").write_text('{"format": "other"}')
    only(tmp_path / "broken")
    test = run(name)
    assert not test.exception
    assert len(test.error) == 1
    assert "meta" in test.error[0].value
    assert "\n" not in test.error[0].value


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("made", ["empty", "bare"])
def test_every_page_works_with_little(
    run: Run,
    sound: Check,
    only: Only,
    made: str,
    name: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    for place in ("one", "two"):
        request.getfixturevalue(made).save(tmp_path / place)
    only(tmp_path)
    sound(run(name))


def test_an_empty_trace_says_so(
    run: Run, sound: Check, only: Only, empty: Trace, tmp_path: Path
) -> None:
    only(empty.save(tmp_path / "nothing"))
    for name in OF_A_TRACE:
        assert "no activity" in sound(run(name)).info[0].value


@pytest.mark.parametrize("name", [*OF_A_TRACE, "compare"])
def test_records_that_were_lost_are_told_on_every_page(
    run: Run, sound: Check, only: Only, name: str, hostile_folder: Path, bare: Trace, tmp_path: Path
) -> None:
    only(hostile_folder, bare.save(tmp_path / "other"))
    said = " ".join(each.value for each in sound(run(name)).caption)
    assert "3 records were dropped" in said
