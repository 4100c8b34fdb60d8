"""What differs between two entries, whatever the thresholds: for updates and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from timeline.check.baseline import Entry
from timeline.check.figures import Name
from timeline.check.noise import Interval, apart, interval
from timeline.check.observed import Place
from timeline.check.verdicts import resolution
from timeline.check.words import change_text, value_text

__all__ = ["Change", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that moved by more than noise, came or went.

    Attributes
    ----------
    before, now : Interval or None
        None where it is undefined or missing.
    """

    place: Place
    name: Name
    before: Interval | None
    now: Interval | None

    def __str__(self) -> str:
        measure = self.name.measure
        what = ", ".join(filter(None, (str(self.name), str(self.place))))
        if self.before is None or self.now is None:
            past, present = (
                value_text(measure, one.median) if one else "nothing"
                for one in (self.before, self.now)
            )
            return f"{what} {past} → {present}"
        before, now = self.before.median, self.now.median
        return (
            f"{what} {value_text(measure, before)} → {value_text(measure, now)} "
            f"({change_text(measure, before, now)})"
        )


def changes(before: Entry, now: Entry) -> Iterator[Change]:
    """Figures whose medians are apart, and by more than is worth mentioning."""
    for place in dict.fromkeys((*before.figures, *now.figures)):
        old, new = before.figures.get(place, {}), now.figures.get(place, {})
        for name in dict.fromkeys((*old, *new)):
            past, present = (
                interval(figures[name].values) if name in figures and figures[name].values else None
                for figures in (old, new)
            )
            change = Change(place, name, past, present)
            if past is None or present is None:
                if past is not present:
                    yield change
            elif apart(past, present):
                least = resolution(name, old)
                if abs(present.median - past.median) > least:
                    yield change
