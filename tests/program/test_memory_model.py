"""The pruned last accesses of a buffer find a race exactly where a full list of them does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.program import Buffer
from timeline.program.memory import WIDE, Memory

BYTES = 4 * WIDE
LANES = 3

Step = tuple[int, bool, int, int, tuple[int, ...]]


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """A lane that first learns all that some others know, then accesses some bytes."""
    begin = draw(st.integers(0, BYTES - 1))
    end = draw(st.one_of(st.integers(begin + 1, BYTES), st.just(min(begin + 2, BYTES))))
    lanes = st.integers(0, LANES - 1)
    return draw(lanes), draw(st.booleans()), begin, end, tuple(draw(st.lists(lanes, max_size=2)))


def pieces(stride: int) -> list[Step]:
    """Writes of one lane to piece after piece, so that the rest meets many segments."""
    return [(0, True, i, i + stride, ()) for i in range(0, BYTES, stride)]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([1, 2, BYTES]), st.lists(steps(), max_size=14))
def test_same_races_as_a_full_list(stride: int, tail: list[Step]) -> None:
    memory = Memory(Buffer(1, "d", BYTES), allocated=True)
    clocks = [[-1] * LANES for _ in range(LANES)]
    accesses: list[tuple[int, int, bool, int, int]] = []
    for index, (lane, writes, begin, end, sources) in enumerate(pieces(stride) + tail):
        for source in sources:
            clocks[lane] = list(map(max, clocks[lane], clocks[source]))
        clocks[lane][lane] = index
        clock = clocks[lane]
        expected = [
            (other, at)
            for other, at, wrote, first, last in accesses
            if first < end and begin < last and (wrote or writes) and clock[other] < at
        ]
        touch = memory.write if writes else memory.read
        race = touch(begin, end, (lane, index), clock)
        assert (race is None) == (not expected)
        if race is not None:
            assert race.earlier in expected
            return
        accesses.append((lane, index, writes, begin, end))


def test_a_wide_read_is_remembered_where_nothing_was_written_since() -> None:
    memory = Memory(Buffer(1, "d", BYTES), allocated=True)
    for begin in range(0, BYTES, 2):
        assert memory.write(begin, begin + 2, (0, begin), [BYTES, -1, -1]) is None
    everything, writes_only = [100, 100, 100], [100, -1, 100]
    assert memory.read(0, BYTES, (1, 99), writes_only) is None
    assert memory.write(0, 4, (2, 100), everything) is None
    race = memory.write(BYTES - 4, BYTES, (2, 101), writes_only)
    assert race is not None
    assert race.earlier == (1, 99)
    assert not race.earlier_writes


def test_the_halves_of_a_cut_segment_are_read_apart() -> None:
    memory = Memory(Buffer(1, "d", 8), allocated=True)
    assert memory.read(0, 8, (0, 1), [1, -1, -1]) is None
    assert memory.read(0, 4, (1, 2), [-1, 2, -1]) is None
    assert memory.write(4, 8, (2, 3), [1, -1, 3]) is None
    race = memory.write(0, 4, (2, 4), [1, -1, 4])
    assert race is not None
    assert race.earlier == (1, 2)
