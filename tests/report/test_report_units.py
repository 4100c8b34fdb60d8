"""Figures as text."""

import pytest

from timeline.report.units import byte_text, percent_text, ratio_text, time_text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0, "0 ns"),
        (999, "999 ns"),
        (-1500, "-1.500 µs"),
        (12_345, "12.35 µs"),
        (999_999, "1,000.0 µs"),
        (1_234_567, "1.235 ms"),
        (123_456_789, "123.5 ms"),
        (98_765_432_100, "98.77 s"),
    ],
)
def test_times(ns: float | None, text: str) -> None:
    assert time_text(ns) == text


def test_ratios() -> None:
    assert ratio_text(0.98765) == "0.988"
    assert percent_text(0.98765) == "98.8 %"
    assert ratio_text(None) == percent_text(None) == ratio_text(float("nan")) == "–"


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [(None, "–"), (0, "0 B"), (1000, "1,000 B"), (1536, "1.5 KiB"), (1 << 40, "1 TiB")],
)
def test_bytes(nbytes: int | None, text: str) -> None:
    assert byte_text(nbytes) == text
