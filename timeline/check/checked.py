"""Checking traces against a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from timeline.check.baseline import Baseline, Entry, entry_of
from timeline.check.identity import identity_of
from timeline.check.rules import Rules
from timeline.check.verdicts import Outcome, Verdict, judge
from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["Checked", "check", "entries_of", "require_figures", "require_ranges"]


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
    rules : Rules
        Their ranges and windows are measured besides the whole.
    """
    groups: dict[str, list[Trace]] = {}
    for name, trace in traces:
        groups.setdefault(identity_of(trace, name).name, []).append(trace)
    diagnose = True if any(t.measure == "findings" for _, t in rules.chosen()) else None
    return [
        entry_of(same, name, rules.ranges, rules.windows, diagnose=diagnose)
        for name, same in groups.items()
    ]


def check(entries: Sequence[Entry], baseline: Baseline, rules: Rules) -> list[Checked]:
    """Judge each entry by that of the baseline it can be compared with.

    Parameters
    ----------
    entries : sequence of Entry
        What was measured.
    baseline : Baseline
        What was found good.
    rules : Rules
        The thresholds.

    Raises
    ------
    UsageError
        When the baseline has none such (:meth:`timeline.check.baseline.Baseline.entry`), or the two
        can't be compared (:func:`timeline.check.verdicts.judge`).
    """
    pairs = [(baseline.entry(now.identity), now) for now in entries]
    return [Checked(before, now, tuple(judge(before, now, rules))) for before, now in pairs]


def require_ranges(rules: Rules, entries: Sequence[Entry]) -> None:
    """Fail unless each range of the rules launched something in at least one trace.

    Parameters
    ----------
    entries : sequence of Entry
        All that was measured by them.

    Raises
    ------
    UsageError
        For one that did not.
    """
    scopes = {place.scope for entry in entries for place in entry.figures}
    for asked in rules.by_scope:
        if not any(asked.holds(scope) for scope in scopes):
            raise UsageError(f"no NVTX range {asked.name!r} launched anything in the traces")


def require_figures(rules: Rules, found: Sequence[Checked]) -> None:
    """Fail unless each threshold of the rules judged at least one figure.

    Parameters
    ----------
    found : sequence of Checked
        All that was checked by them.

    Raises
    ------
    UsageError
        For one that did not.
    """
    verdicts = [verdict for one in found for verdict in one.verdicts]
    for asked, threshold in rules.chosen():
        mine = (v for v in verdicts if asked is None or asked.holds(v.place.scope))
        if not any(threshold.covers(v.name, v.place.device) for v in mine):
            where = f" of {asked}" if asked else ""
            raise UsageError(f"threshold {threshold.text!r}{where}: no such figure in the traces")
