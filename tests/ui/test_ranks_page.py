"""Many traces of one job, without a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from timeline.trace import Trace

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Only = Callable[..., None]


def test_ranks_that_were_named_are_compared(
    run: Run, sound: Check, only: Only, bare: Trace, tmp_path: Path
) -> None:
    for rank in range(3):
        bare.save(tmp_path / f"rank{rank}")
    only(tmp_path)
    test = sound(run("ranks"))
    assert test.multiselect[0].value == ["rank0", "rank1", "rank2"]
    shown = [table.value for table in test.dataframe]
    assert list(shown[0]["rank"]) == [0, 1, 2]
    assert test.success[0].value == "No rank stands out."


def test_a_pattern_that_matches_nothing_is_one_line(run: Run, only: Only, tmp_path: Path) -> None:
    only(tmp_path)
    test = run("ranks")
    test.text_input(key="pattern").input(str(tmp_path / "rank*")).run()
    assert not test.exception
    assert "matches nothing" in test.error[0].value
