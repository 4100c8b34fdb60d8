"""Lanes and brackets against stacks."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeline.formats.brackets import match
from timeline.formats.nesting import further_lanes, numbered

slices = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 6)), min_size=1, max_size=12
)


@given(slices, st.booleans())
def test_lanes_hold_what_lies_apart_or_inside(
    found: list[tuple[int, int, int]], nested: bool
) -> None:
    owners, starts, lengths = (np.array(column, np.int64) for column in zip(*found, strict=True))
    ends = starts + lengths
    lanes = further_lanes(owners, starts, ends, nested=nested)
    assert lanes == one_by_one(owners, starts, ends, nested)
    assert lanes == further_lanes([f"owner {o}" for o in owners], starts, ends, nested=nested)


def one_by_one(owners: Any, starts: Any, ends: Any, nested: bool) -> list[int]:
    lanes = [0] * len(owners)
    stacks: dict[tuple[int, int], list[int]] = {}
    for row in sorted(range(len(owners)), key=lambda r: (starts[r], -ends[r], r)):
        while True:
            stack = stacks.setdefault((owners[row], lanes[row]), [])
            while stack and stack[-1] <= starts[row]:
                stack.pop()
            if not stack or (nested and ends[row] <= stack[-1]):
                stack.append(ends[row])
                break
            lanes[row] += 1
    return lanes


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=30))
def test_ends_close_the_last_begin_of_their_track(events: list[tuple[int, bool]]) -> None:
    tracks = np.array([track for track, _ in events], np.int64)
    begins = np.array([begin for _, begin in events], np.bool_)
    stacks: dict[int, list[int]] = {}
    pairs = set()
    for place, (track, begin) in enumerate(events):
        if begin:
            stacks.setdefault(track, []).append(place)
        elif stacks.get(track):
            pairs.add((stacks[track].pop(), place))
    first, last = match(tracks, begins)
    assert set(zip(first.tolist(), last.tolist(), strict=True)) == pairs


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-(2**60), 2**60)), min_size=1))
def test_equal_rows_get_one_number(rows: list[tuple[int, int]]) -> None:
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    numbers, keys = numbered(*columns)
    assert [keys[number] for number in numbers.tolist()] == rows
    assert keys == sorted(set(rows))
