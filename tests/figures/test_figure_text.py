import pytest

from timeline.figures.escape import html_text, plain, short
from timeline.figures.families import shades
from timeline.figures.palette import DARK, LIGHT, ROLES, SM_SHADES, ink_on, role_code, theme_named
from timeline.figures.units import byte_text, duration_text, ticks, unit_for


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("void scale<float, 4>(float*, int)", "scale"),
        ("at::native::(anonymous namespace)::copy(int)", "copy"),
        ("ker_1", "ker_1"),
        ("<lambda>", "<lambda>"),
        ("", ""),
    ],
)
def test_short_names(name: str, bare: str) -> None:
    assert short(name) == bare


def test_names_stay_text() -> None:
    assert html_text("<b>x</b> & y") == "&lt;b&gt;x&lt;/b&gt; &amp; y"
    assert plain("a\x00b\u202ec\td") == "a�b�c d"
    assert len(plain("x" * 10_000)) == 200
    assert plain("x" * 10, 5) == "xxxx…"


@pytest.mark.parametrize(
    ("ns", "words"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_500, "1.500 µs"),
        (12_345, "12.35 µs"),
        (838_200, "838.2 µs"),
        (1_000_000, "1.000 ms"),
        (2_500_000_000, "2.500 s"),
        (-1_500, "-1.500 µs"),
    ],
)
def test_durations(ns: int, words: str) -> None:
    assert duration_text(ns) == words


def test_amounts() -> None:
    assert byte_text(16 << 20) == "16 MiB"
    assert byte_text(1) == "1 B"
    assert byte_text(1536) == "1.5 KiB"


@pytest.mark.parametrize("span", [0, 1, 9, 4_321, 10**6, 10**12])
def test_ticks_are_round_and_within(span: int) -> None:
    found = list(ticks(0, span, 10))
    assert found[0] == 0
    assert len(found) <= 11
    assert all(0 <= t <= span for t in found)
    assert unit_for(span).ns <= max(span, 1)


def test_units_fit() -> None:
    assert [unit_for(n).name for n in (5_000, 10_000, 10_000_000, 10**10)] == [
        *("ns", "µs", "ms", "s")
    ]


def test_no_two_engines_share_a_colour() -> None:
    engines = ["h2d", "d2h", "d2d", "p2p", "overlap3", *(f"sm{i}" for i in range(len(SM_SHADES)))]
    assert len({ROLES[role_code(key)].colour for key in engines}) == len(engines)


def test_bar_text_is_readable() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for theme in (LIGHT, DARK):
        for role in ROLES:
            fill = role.fill(theme)
            high, low = sorted([luminance(fill), luminance(ink_on(fill))], reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, role


def test_families_beyond_the_palette_share_the_last_shade() -> None:
    known = tuple(f"k{i}" for i in range(len(SM_SHADES)))
    assert shades(["k0", "void k1<int>()", "stranger"], known).tolist() == [
        *(0, 1, len(SM_SHADES) - 1)
    ]


def test_unknown_themes_are_light() -> None:
    assert theme_named("solarized") is LIGHT
    assert theme_named("dark") is DARK
