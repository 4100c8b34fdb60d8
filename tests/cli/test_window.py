"""Spans as the user writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.cli.window import window
from timeline.errors import UsageError
from timeline.trace import Meta, Trace, table

FIRST_NS, LAST_NS = 1_000, 10_001_000
UNITS_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


@pytest.fixture(scope="module")
def trace() -> Trace:
    columns = {"kind": ["kernel", "kernel"], "start": [FIRST_NS, 5_000], "end": [2_000, LAST_NS]}
    return Trace.from_tables(Meta("sim"), {"activities": table("activities", columns)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("1us:2us", (2_000, 3_000)),
        ("0.5ms:1ms", (501_000, 1_001_000)),
        (":800ns", (1_000, 1_800)),
        ("1µs:", (2_000, LAST_NS)),
        (":", (FIRST_NS, LAST_NS)),
        ("0s:1s", (1_000, 1_000_001_000)),
    ],
)
def test_spans(text: str | None, expected: tuple[int, int] | None, trace: Trace) -> None:
    assert window(text, trace) == expected


@pytest.mark.parametrize(
    "text", ["1ms", "1:2", "a:b", "2us:1us", "1us:1us", "1e3us:2ms", "-1us:2us", "11ms:", "1m:2m"]
)
def test_what_is_no_span_is_wrong_usage(text: str, trace: Trace) -> None:
    with pytest.raises(UsageError, match="--window"):
        window(text, trace)


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.sampled_from(sorted(UNITS_NS)))
def test_whole_numbers_are_exact(start: int, length: int, unit: str) -> None:
    ns = UNITS_NS[unit]
    empty = Trace.from_tables(Meta("sim"), {})
    text = f"{start}{unit}:{start + length}{unit}"
    assert window(text, empty) == (start * ns, (start + length) * ns)
