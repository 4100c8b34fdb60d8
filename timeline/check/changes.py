"""What differs between two entries, whatever the thresholds: for updates and comparisons."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from timeline.check.baseline import Baseline, Entry
from timeline.check.figures import Name
from timeline.check.noise import Interval, apart, interval
from timeline.check.observed import Place
from timeline.check.verdicts import resolution
from timeline.check.words import change_text, value_text
from timeline.errors import UsageError

__all__ = ["Change", "changes", "told"]


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

    def cells(self) -> tuple[str, str, str, str]:
        """What it is, before, now, and the change, as text."""
        measure, sides = self.name.measure, (self.before, self.now)
        what = ", ".join(filter(None, (str(self.name), str(self.place))))
        past, now = (value_text(measure, one.median) if one else "nothing" for one in sides)
        moved = ""
        if self.before is not None and self.now is not None:
            moved = change_text(measure, self.before.median, self.now.median)
        return what, past, now, moved

    def __str__(self) -> str:
        what, before, now, moved = self.cells()
        return f"{what} {before} → {now}" + (f" ({moved})" if moved else "")


def changes(before: Entry, now: Entry, always: Collection[str] = ()) -> Iterator[Change]:
    """Figures whose medians are apart, and by more than is worth mentioning.

    Parameters
    ----------
    always : collection of str
        Measures to tell of in any case.
    """
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
            elif name.measure in always or (
                apart(past, present) and abs(present.median - past.median) > resolution(name, old)
            ):
                yield change


def told(baseline: Baseline, new: Entry) -> Iterator[str]:
    """What changes in a baseline that takes up an entry, line by line."""
    try:
        before = baseline.entry(new.identity)
    except UsageError:
        yield f"{new.identity.name}: new"
        return
    moved = list(changes(before, new))
    yield f"{new.identity.name}: {len(moved)} figures changed"
    yield from (f"  {change}" for change in moved)
