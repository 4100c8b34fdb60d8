"""What cost time, without a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from timeline.figures.units import duration_text
from timeline.findings import findings
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Words = Callable[[Any], str]
Only = Callable[..., None]


def test_findings_say_what_cost_time_and_what_to_do(run: Run, words: Words, only: Only) -> None:
    place = SAMPLES / "pinned_vs_pageable" / "pageable"
    only(place)
    test = run("findings")
    (found,) = findings(Trace.load(place))
    assert found.summary[1:] in words(test)
    said = " ".join(each.value for each in test.markdown)
    assert duration_text(found.cost_ns) in said.replace("\\", "")
    assert "pin_memory=True" in said.replace("\\", "")


def test_a_trace_without_findings_says_so(run: Run, sound: Check, only: Only) -> None:
    only(SAMPLES / "three_way_overlap" / "depth_first")
    assert "Nothing costs more" in sound(run("findings")).success[0].value
