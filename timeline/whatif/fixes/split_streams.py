"""Independent batches of one stream in several streams."""

from __future__ import annotations

import numpy as np

from timeline.errors import UsageError
from timeline.intervals import Int64
from timeline.whatif.batches import batches
from timeline.whatif.fix import Change, Fix, Parameter, number, unchanged
from timeline.whatif.orders import Kind, Orders, ends, starts
from timeline.whatif.restream import dealt, restreamed
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]

_BY = ("batches", "stages")


def split_streams(scenario: Scenario, streams: str, by: str) -> Change:
    """The batches of each stream, or the stages of each batch, are dealt to so many streams."""
    if by not in _BY:
        raise UsageError(f"split_streams: by {by!r}: one of {', '.join(_BY)}")
    width = int(number(streams, "split_streams: streams", 1))
    found = batches(scenario)
    turn = found.numbers % width if by == "batches" else _stages(scenario, found.numbers, width)
    parts = dealt(scenario.activities.streams, turn, width)
    moved = int((parts != scenario.activities.streams).sum())
    if not moved:
        return unchanged(scenario)
    split = restreamed(scenario, parts)
    if by == "stages":
        split = split.replace(orders=split.orders.and_(_handed_on(scenario, found.numbers, parts)))
    return Change(split, moved, (f"{found.what} of a stream need nothing of each other.",))


def _in_turn(scenario: Scenario, numbers: Int64) -> Int64:
    """Activities stream after stream, batch after batch."""
    activities = scenario.activities
    return np.lexsort((activities.ranks, numbers, activities.streams))


def _stages(scenario: Scenario, numbers: Int64, width: int) -> Int64:
    """Stage of each activity: its batch cut into so many parts of equal length."""
    turn = _in_turn(scenario, numbers)
    keys = np.stack((scenario.activities.streams[turn], numbers[turn]))
    opens = np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))[: len(turn)]
    first = np.flatnonzero(opens)
    sizes = np.diff(np.append(first, len(turn)))
    place = np.arange(len(turn)) - np.repeat(first, sizes)
    found = np.empty(len(turn), np.int64)
    found[turn] = place * width // np.repeat(sizes, sizes)
    return found


def _handed_on(scenario: Scenario, numbers: Int64, parts: Int64) -> Orders:
    """Events from the last of a stage to the first of the next one of the same batch."""
    turn, old = _in_turn(scenario, numbers), scenario.activities.streams
    before, after = turn[:-1], turn[1:]
    same = (old[before] == old[after]) & (numbers[before] == numbers[after])
    same &= parts[before] != parts[after]
    before, after = before[same], after[same]
    codes = scenario.work.engine_codes[scenario.activities.places].astype(np.int64)
    kinds = np.full(len(before), int(Kind.EVENT))
    lags = scenario.lags.typical(kinds, codes[before], codes[after])
    return Orders.of(ends(before), starts(after), Kind.EVENT, lags)


FIX = Fix(
    "split_streams",
    "several streams",
    "Independent batches that one stream runs one after the other go to several streams in turn.",
    split_streams,
    (
        Parameter("streams", "4", "how many streams each becomes"),
        Parameter("by", "batches", "batches in turn, or stages of each batch with events between"),
    ),
)
