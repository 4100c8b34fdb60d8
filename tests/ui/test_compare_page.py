"""Two traces side by side, without a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Only = Callable[..., None]


def test_two_traces_are_compared_in_words(run: Run, sound: Check, only: Only) -> None:
    only(SAMPLES / "pinned_vs_pageable")
    test = sound(run("compare"))
    assert test.multiselect[0].value == ["pageable", "pinned"]
    rows = test.dataframe[1].value
    (makespan,) = (row for _, row in rows.iterrows() if row["figure"] == "makespan")
    assert makespan["before"] == "26.24 ms"
    assert makespan["change"].startswith("−")
    test.selectbox[0].select("batch 0").run()
    assert any("batch 0" in place for place in sound(test).dataframe[1].value["where"])
