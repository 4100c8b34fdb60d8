"""Which activities belong to a repeat or a window, and how figures vary over repeats."""

from collections.abc import Callable

import pytest

from timeline.analysis import Window, devices, makespans_ns, median_repeat, spread, work_of
from timeline.errors import UsageError
from timeline.trace import Meta, Trace

MakeTrace = Callable[..., Trace]


@pytest.fixture
def repeated(make_trace: MakeTrace) -> Trace:
    """A warm-up, then repeats of 30, 10 and 20 ns; the last one ends after its host span."""
    times = [(0, 90), (101, 111), (121, 131), (205, 215), (301, 311), (305, 321)]
    rows = [{"engine": "SM", "start": a, "end": b} for a, b in times]
    meta = Meta("sim", repeats=((100, 200), (200, 300), (300, 315), (400, 500)))
    return make_trace(rows, meta=meta)


def test_makespans(repeated: Trace) -> None:
    assert makespans_ns(repeated) == [30, 10, 20, None]
    assert median_repeat(repeated) == 2


def test_of_two_repeats_the_lower_one(make_trace: MakeTrace) -> None:
    rows = [{"engine": "SM", "start": a, "end": b} for a, b in [(0, 9), (10, 15)]]
    meta = Meta("sim", repeats=((0, 10), (10, 20)))
    assert median_repeat(make_trace(rows, meta=meta)) == 1


def test_a_repeat_has_the_activities_that_start_in_it(repeated: Trace) -> None:
    work = work_of(repeated, 0, repeat=0)
    assert work.rows.tolist() == [1, 2]
    assert work.window == Window(101, 131)
    assert work_of(repeated, 0, repeat=2).window == Window(301, 321)
    assert work_of(repeated, 0).window == Window(0, 321)


def test_a_repeat_without_activities(repeated: Trace) -> None:
    work = work_of(repeated, 0, repeat=3)
    assert (len(work.rows), work.window.length_ns, work.busy_ns("SM")) == (0, 0, 0)


@pytest.mark.parametrize("repeat", [-1, 4])
def test_no_such_repeat(repeated: Trace, repeat: int) -> None:
    with pytest.raises(UsageError, match="it has 4"):
        work_of(repeated, 0, repeat=repeat)


def test_a_window_or_a_repeat(repeated: Trace) -> None:
    with pytest.raises(UsageError, match="not in both"):
        work_of(repeated, 0, repeat=0, window=Window(0, 1))


def test_a_window_that_ends_before_it_starts() -> None:
    with pytest.raises(UsageError, match="ends before"):
        Window(2, 1)


def test_nothing_at_all(make_trace: MakeTrace) -> None:
    empty = make_trace([])
    assert devices(empty) == ()
    assert median_repeat(empty) is None
    assert work_of(empty, 0).window.length_ns == 0


def test_spread() -> None:
    found = spread([1, None, 3, 2, 10])
    assert found is not None
    assert (found.count, found.median, found.mad) == (4, 2.5, 1.0)
    assert (found.min, found.max) == (1, 10)
    assert found.iqr == pytest.approx(3.0)
    assert spread([None]) is None
