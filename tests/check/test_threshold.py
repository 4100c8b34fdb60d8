"""Thresholds as people write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.check.figures import Name
from timeline.check.measures import MEASURES
from timeline.check.threshold import DEFAULTS, parse
from timeline.engines import ENGINES
from timeline.errors import UsageError

TIMES = [m.name for m in MEASURES.values() if m.unit == "ns" and not m.of]


@pytest.mark.parametrize(
    ("text", "measure", "of", "device", "rule", "amount", "relative"),
    [
        ("makespan: +3%", "makespan", "", None, "+", 0.03, True),
        ("makespan:+250us", "makespan", "", None, "+", 250_000, False),
        ("  makespan : + 1.5 ms ", "makespan", "", None, "+", 1_500_000, False),
        ("overlap_ratio[H2D,SM]: -0.05", "overlap_ratio", "H2D,SM", None, "-", 0.05, False),
        ("overlap_ratio[SM, H2D]: -5%", "overlap_ratio", "H2D,SM", None, "-", 0.05, True),
        ("busy[SM]@1: ±2%", "busy", "SM", 1, "±", 0.02, True),
        ("pipeline_efficiency >= 0.9", "pipeline_efficiency", "", None, ">=", 0.9, False),
        ("overlap_efficiency>-0.5", "overlap_efficiency", "", None, ">", -0.5, False),
        ("dropped == 0", "dropped", "", None, "==", 0, False),
        ("launch_gap <= 3us", "launch_gap", "", None, "<=", 3_000, False),
        ("streams: -0", "streams", "", None, "-", 0, False),
        ("duration[f<int[4], 2>]: +5%", "duration", "f<int[4], 2>", None, "+", 0.05, True),
        ("findings[pageable-copy] == 0", "findings", "pageable-copy", None, "==", 0, False),
        ("duration[a[0]]@2 < 1ms", "duration", "a[0]", 2, "<", 1_000_000, False),
    ],
)  # fmt: skip
def test_what_it_says(
    text: str, measure: str, of: str, device: int | None, rule: str, amount: float, relative: bool
) -> None:
    found = parse(text)
    assert (found.measure, found.of, found.device) == (measure, of, device)
    assert (str(found.rule), found.relative) == (rule, relative)
    assert found.amount == pytest.approx(amount)
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "character", "word"),
    [
        ("", 1, "name of a measure"),
        ("makespn: +3%", 1, "did you mean 'makespan'"),
        ("makespan +3%", 10, "allowance"),
        ("makespan: 3%", 9, "+, - or ±"),
        ("makespan: +", 12, "a number"),
        ("makespan: +3&", 13, "unit of time"),
        ("makespan: +3", 13, "unit of time"),
        ("makespan: +3% please", 15, "nothing more"),
        ("makespan[SM]: +3%", 9, "no brackets"),
        ("busy[SN]: +3%", 6, "did you mean 'SM'"),
        ("busy[H2D,SM]: +3%", 6, "one engine"),
        ("findings[pageable] == 0", 10, "did you mean 'pageable-copy'"),
        ("overlap_ratio[H2D]: -0.1", 15, "two or more"),
        ("overlap_ratio[H2D, SX]: -0.1", 20, "engine"),
        ("busy[SM: +3%", 13, "']'"),
        ("streams: -1ms", 12, "no time"),
        ("pipeline_efficiency >= 90%", 26, "no part of the baseline"),
        ("pipeline_efficiency => 0.9", 21, "comparison"),
        ("makespan: +nan%", 12, "a number"),
        ("makespan: +inf", 12, "a number"),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, character: int, word: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    message = str(raised.value)
    assert f"character {character}," in message
    assert word in message
    assert len(message.splitlines()) == 1


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse(text).text == text


@given(
    st.sampled_from(TIMES),
    st.sampled_from("+-±"),
    st.integers(0, 10**9),
    st.sampled_from(["ns", "us", "ms"]),
)
def test_allowances_of_times_are_exact(name: str, sign: str, number: int, unit: str) -> None:
    found = parse(f"{name}: {sign}{number}{unit}")
    assert found.rule == sign
    assert found.amount == number * {"ns": 1, "us": 1_000, "ms": 1_000_000}[unit]


@given(st.lists(st.sampled_from(ENGINES), min_size=2, max_size=4, unique=True))
def test_engines_may_stand_in_any_order(engines: list[str]) -> None:
    found = parse(f"overlap_ratio[{','.join(engines)}]: -0.05")
    assert found.covers(Name("overlap_ratio", ",".join(sorted(engines))), 0)
    assert not found.covers(Name("overlap_ratio", ",".join(sorted({*engines, "X"}))), 0)


def test_which_figures_it_covers() -> None:
    assert parse("busy: +1%").covers(Name("busy", "SM"), 3)
    assert parse("busy[SM]@3: +1%").covers(Name("busy", "SM"), 3)
    assert not parse("busy[SM]@3: +1%").covers(Name("busy", "SM"), 2)
    assert not parse("busy[SM]: +1%").covers(Name("busy", "H2D"), 0)
    assert parse("duration[gemm*]: +1%").covers(Name("duration", "gemm_tiled"), 0)


def test_only_what_names_one_figure_is_exact() -> None:
    exact = ["makespan: +1%", "busy[SM]: +1%", "duration[gemm]: +1%"]
    assert [parse(text).exact for text in exact] == [True] * 3
    assert not parse("busy: +1%").exact
    assert not parse("duration[gemm*]: +1%").exact


def test_defaults_are_not_the_users() -> None:
    assert DEFAULTS
    assert not any(threshold.chosen for threshold in DEFAULTS)
    assert parse("makespan: +1%").chosen
