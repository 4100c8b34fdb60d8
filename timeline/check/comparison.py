"""Two traces beside each other, whatever they are of: by figure, by kernel and by NVTX range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from timeline.check.baseline import Entry, entry_of
from timeline.check.changes import Change, changes
from timeline.check.identity import identity_of
from timeline.check.launches import Matched, kernel_paces, matched, range_paces
from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["Comparison", "compare", "paired"]

Json = dict[str, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """What differs between two traces.

    Attributes
    ----------
    changes : tuple of Change
        The makespan, and figures that moved by more than noise and than is worth mentioning, but
        for the durations of kernels, which ``kernels`` has launch by launch.
    kernels, ranges : tuple of Matched
        By name, what changed the time most first: kernels and copies; what NVTX ranges launched.
    apart : str
        What sets the two apart (another device, other parameters), in words, or "".
    """

    before: Entry
    now: Entry
    changes: tuple[Change, ...]
    kernels: tuple[Matched, ...]
    ranges: tuple[Matched, ...]
    apart: str

    @property
    def findings(self) -> dict[str, tuple[bool, bool]]:
        """Codes of the findings on either side, with whether each side has them in most repeats."""
        sides = [_findings(entry) for entry in (self.before, self.now)]
        codes = dict.fromkeys((*sides[0], *sides[1]))
        return {code: (code in sides[0], code in sides[1]) for code in codes}

    def to_json(self) -> Json:
        """As a JSON object; times in ns."""
        return {
            "before": _side(self.before),
            "now": _side(self.now),
            "apart": self.apart,
            "changes": [
                {
                    "figure": str(change.name),
                    "scope": str(change.place.scope),
                    "device": change.place.device,
                    "before": change.before and change.before.to_json(),
                    "now": change.now and change.now.to_json(),
                }
                for change in self.changes
            ],
            "kernels": [_row(one) for one in self.kernels],
            "ranges": [_row(one) for one in self.ranges],
            "findings": {
                code: {"before": sides[0], "now": sides[1]} for code, sides in self.findings.items()
            },
        }


def compare(
    before: tuple[str, Trace], now: tuple[str, Trace], ranges: Sequence[str] = ()
) -> Comparison:
    """Compare two traces.

    Parameters
    ----------
    before, now : (str, Trace)
        With what to call a trace that is of no technique.
    ranges : sequence of str
        NVTX ranges, by name or pattern, whose figures are compared like those of the whole.
    """
    old, new = (entry_of([trace], name, ranges) for name, trace in (before, now))
    moved = changes(old, new, always=("makespan",))
    return Comparison(
        old,
        new,
        tuple(change for change in moved if change.name.measure != "duration"),
        matched(kernel_paces(before[1]), kernel_paces(now[1])),
        matched(range_paces(before[1]), range_paces(now[1])),
        old.identity.difference(new.identity),
    )


def paired(
    before: Mapping[Path, Trace], now: Mapping[Path, Trace]
) -> list[tuple[tuple[str, Trace], tuple[str, Trace]]]:
    """Traces of two runs by technique and variant, or by the names of their folders.

    One trace on either side is one pair, whatever it is called.

    Raises
    ------
    UsageError
        When no trace of one side has a counterpart.
    """
    sides = [_named(before), _named(now)]
    if len(sides[0]) == len(sides[1]) == 1:
        return [(next(iter(sides[0].items())), next(iter(sides[1].items())))]
    names = [name for name in sides[0] if name in sides[1]]
    if not names:
        told = " and ".join(", ".join(list(side)[:3]) or "nothing" for side in sides)
        raise UsageError(f"no trace has the same name on both sides, which hold {told}")
    return [((name, sides[0][name]), (name, sides[1][name])) for name in names]


def _named(traces: Mapping[Path, Trace]) -> dict[str, Trace]:
    return {identity_of(trace, path.stem).name: trace for path, trace in traces.items()}


def _findings(entry: Entry) -> dict[str, None]:
    """Codes that most repeats have."""
    counted = (pair for figures in entry.figures.values() for pair in figures.items())
    return {
        name.of: None
        for name, found in counted
        if name.measure == "findings" and name.of and found.values and median(found.values)
    }


def _side(entry: Entry) -> Json:
    return {**entry.identity.to_json(), "provenance": dict(entry.provenance)}


def _row(one: Matched) -> Json:
    return {
        "name": one.name,
        "engine": one.engine,
        "differs": one.differs,
        "change_ns": one.change_ns,
        "before": one.before and one.before.to_json(),
        "now": one.now and one.now.to_json(),
    }
