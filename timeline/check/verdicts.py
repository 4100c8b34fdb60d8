"""Judging what a trace shows by its baseline and the thresholds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from timeline.check.baseline import Entry
from timeline.check.figures import Name
from timeline.check.measures import MEASURES
from timeline.check.noise import Interval, apart, interval
from timeline.check.observed import Place, Values
from timeline.check.rules import Rules
from timeline.check.threshold import Threshold
from timeline.errors import UsageError

__all__ = ["RESOLUTION", "Outcome", "Verdict", "judge", "resolution"]

RESOLUTION = 0.005
"""Part of the makespan that a change must be worth before a default threshold minds it."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


class Outcome(StrEnum):
    """What became of a figure."""

    PASSED = "passed"
    NOISE = "within noise"
    FAILED = "failed"
    BETTER = "better"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure, judged.

    Attributes
    ----------
    before : Interval or None
        None where the baseline lacks the figure: only limits can be judged then.
    """

    place: Place
    name: Name
    threshold: Threshold
    outcome: Outcome
    before: Interval | None
    now: Interval


def judge(before: Entry, now: Entry, rules: Rules) -> Iterator[Verdict]:
    """Judge every figure that has a threshold: of several, the last one that covers it.

    Raises
    ------
    UsageError
        When the baseline lacks a scope or has one that is gone, or when a figure that the user
        names in a threshold is undefined on one side only.
    """
    for place in before.figures:
        if rules.asks_for(place.scope) and place not in now.figures:
            raise UsageError(f"{place} is in the baseline of {before.identity.name}, and gone now")
    for place, figures in now.figures.items():
        known = before.figures.get(place)
        if known is None:
            raise UsageError(
                f"the baseline of {before.identity.name} has nothing of {place or 'the whole'}; "
                "make it anew with the same ranges and windows"
            )
        for name in dict.fromkeys((*known, *figures)):
            covering = [t for t in rules.of(place.scope) if t.covers(name, place.device)]
            if covering:
                yield from _judged(place, name, covering[-1], known, figures)


def _judged(
    place: Place,
    name: Name,
    threshold: Threshold,
    known: Mapping[Name, Values],
    figures: Mapping[Name, Values],
) -> Iterator[Verdict]:
    """One verdict; none where there is nothing to compare."""
    past, present = _interval(known.get(name)), _interval(figures.get(name))
    if present is None or (past is None and threshold.needs_baseline):
        if threshold.exact and threshold.chosen and past is not present:
            where = "this trace" if present is None else "the baseline"
            raise UsageError(f"{threshold.text!r}: {name} is undefined, or missing, in {where}")
        return
    if past is None or not threshold.needs_baseline:
        held = _COMPARE[threshold.rule](present.median, threshold.amount)
        outcome = Outcome.PASSED if held else Outcome.FAILED
    else:
        least = 0.0 if threshold.chosen else resolution(name, known)
        outcome = _moved(threshold, past, present, least)
    yield Verdict(place, name, threshold, outcome, past, present)


def _interval(found: Values | None) -> Interval | None:
    return interval(found.values) if found and found.values else None


def resolution(name: Name, figures: Mapping[Name, Values]) -> float:
    """The least change of a figure worth mentioning, in its unit.

    A time must change by :data:`RESOLUTION` of the makespan, a ratio by as much as is worth that
    of the time it is a part of. Counts are exact.
    """
    makespan, unit = figures.get(Name("makespan")), MEASURES[name.measure].unit
    if makespan is None or not makespan.values or unit == "count":
        return 0.0
    least_ns = RESOLUTION * median(makespan.values)
    of_ns = figures[name].of_ns
    return least_ns if unit == "ns" else least_ns / of_ns if of_ns else 0.0


def _moved(threshold: Threshold, past: Interval, present: Interval, least: float) -> Outcome:
    """What an allowance says of a move from one median to the other."""
    rise = present.median - past.median
    allowed = max(threshold.amount * (abs(past.median) if threshold.relative else 1), least)
    against = {"+": rise, "-": -rise, "±": abs(rise)}[threshold.rule]
    if against > allowed:
        return Outcome.FAILED if apart(past, present) else Outcome.NOISE
    if -against > allowed and apart(past, present):
        return Outcome.BETTER
    return Outcome.PASSED
