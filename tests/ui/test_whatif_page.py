"""What a fix would give, without a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from timeline.figures.units import duration_text
from timeline.trace import Trace
from timeline.whatif import predict

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Words = Callable[[Any], str]
Only = Callable[..., None]


def test_what_if_predicts_what_the_address_asks_for(run: Run, words: Words, only: Only) -> None:
    place = SAMPLES / "pinned_vs_pageable" / "pageable"
    only(place)
    test = run("whatif", fix="pin_copies")
    assert test.toggle[0].value is True
    found = predict(Trace.load(place), ["pin_copies"])
    assert duration_text(found.predicted_ns) in words(test)
    test.toggle[0].set_value(False).run()
    assert duration_text(found.predicted_ns) not in words(test)
    assert test.dataframe[0].value["gain ns"].iloc[0] == found.gain_ns


def test_a_fix_that_has_nothing_to_change_says_so(run: Run, sound: Check, only: Only) -> None:
    only(SAMPLES / "three_way_overlap" / "depth_first")
    test = run("whatif", fix="pin_copies")
    assert "nothing to change" in sound(test).info[0].value.replace("\\", "")
