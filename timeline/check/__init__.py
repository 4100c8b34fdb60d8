"""Guarding the overlap: baselines, checks of traces against them, and traces compared.

A baseline holds the figures of traces that were found good, one value a repeat. A check measures
other traces in the same way and judges each figure by a threshold, of the user's or by default: it
fails where the median moved by more than is allowed and by more than the repeats' noise.
"""

from timeline.check.baseline import Baseline, Entry, entry_of
from timeline.check.checked import (
    Checked,
    check,
    entries_of,
    require_figures,
    require_ranges,
)
from timeline.check.file import read_baseline, write_baseline
from timeline.check.rules import Rules, project_file, read_rules
from timeline.check.verdicts import Outcome, Verdict

__all__ = [
    "Baseline",
    "Checked",
    "Entry",
    "Outcome",
    "Rules",
    "Verdict",
    "check",
    "entries_of",
    "entry_of",
    "project_file",
    "read_baseline",
    "read_rules",
    "require_figures",
    "require_ranges",
    "write_baseline",
]
