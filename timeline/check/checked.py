"""Checking traces against a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from timeline.check.baseline import Baseline, Entry, entry_of
from timeline.check.identity import identity_of
from timeline.check.rules import Rules
from timeline.check.scopes import named
from timeline.check.verdicts import Outcome, Placed, Verdict, judge
from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["Checked", "check", "entries_of"]


@dataclass(frozen=True, eq=False, slots=True)
class Checked:
    """What was found of one trace, or of several recordings of the same.

    Attributes
    ----------
    before, now : Entry
        The baseline's, and that of the traces.
    verdicts : tuple of Verdict
        One for each figure that has a threshold.
    """

    before: Entry
    now: Entry
    verdicts: tuple[Verdict, ...]

    @property
    def name(self) -> str:
        """Technique and variant, or what the trace is called."""
        return self.now.identity.name

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The figures that are not as they must be."""
        return tuple(v for v in self.verdicts if v.outcome is Outcome.FAILED)


def entries_of(traces: Sequence[tuple[str, Trace]], rules: Rules) -> list[Entry]:
    """Measure traces in the scopes of the rules; those of the same are pooled.

    Parameters
    ----------
    traces : sequence of (str, Trace)
        Each with what to call it, should it be of no technique.

    Raises
    ------
    UsageError
        When no trace has a range that the rules name.
    """
    groups: dict[str, list[Trace]] = {}
    for name, trace in traces:
        groups.setdefault(identity_of(trace, name).name, []).append(trace)
    diagnose = True if any(t.measure == "findings" for _, t in rules.chosen()) else None
    found = [
        entry_of(same, name, rules.ranges, rules.windows, diagnose=diagnose)
        for name, same in groups.items()
    ]
    ranges = {place.scope.name for e in found for place in e.figures if place.scope.kind == "range"}
    for pattern in rules.ranges:
        if not any(named(name, pattern) for name in ranges):
            raise UsageError(f"no NVTX range {pattern!r} launched anything in the traces")
    return found


def check(entries: Sequence[Entry], baseline: Baseline, rules: Rules) -> list[Checked]:
    """Judge each entry by that of the baseline it can be compared with.

    Raises
    ------
    UsageError
        When the baseline has none such (see :meth:`timeline.check.baseline.Baseline.entry`), or
        when a threshold that the user chose is for nothing.
    """
    found: list[Checked] = []
    used: set[Placed] = set()
    for now in entries:
        before = baseline.entry(now.identity)
        verdicts = list(judge(before, now, rules))
        used.update(placed for _, placed in verdicts)
        found.append(Checked(before, now, tuple(dict.fromkeys(v for v, _ in verdicts))))
    for scope, threshold in rules.chosen():
        if (scope, threshold) not in used:
            where = f" of {scope}" if scope else ""
            raise UsageError(f"threshold {threshold.text!r}{where}: no such figure in the traces")
    return found
