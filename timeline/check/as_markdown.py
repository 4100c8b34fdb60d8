"""A check as Markdown, for a pull request's comment or a job's summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from timeline.check.checked import Checked
from timeline.check.verdicts import Outcome, Verdict
from timeline.check.words import change_text, noise_text, value_text, what
from timeline.text import line_of

__all__ = ["as_markdown"]

_MARKS = re.compile(r"([\\|<>`*_\[\]&~$])")
_SHOWN = (Outcome.FAILED, Outcome.NOISE, Outcome.BETTER)


def as_markdown(found: Sequence[Checked], pictures: Mapping[str, Path]) -> str:
    """A heading a trace, and a table of what did not simply pass."""
    return "\n".join(line for one in found for line in _lines(one, pictures))


def _lines(one: Checked, pictures: Mapping[str, Path]) -> Iterator[str]:
    devices = one.now.identity.device_text
    yield f"### {'❌' if one.failed else '✅'} {_cell(one.name)} on {_cell(devices)}"
    yield ""
    rows = [v for outcome in _SHOWN for v in one.verdicts if v.outcome is outcome]
    if rows:
        yield "| | figure | before | now | change | threshold | noise |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        yield from map(_row, rows)
        yield ""
    yield f"{len(one.verdicts)} figures, {len(one.failed)} failed."
    if one.name in pictures:
        yield f"Both timelines: `{pictures[one.name]}`"
    yield ""


def _row(verdict: Verdict) -> str:
    measure, before, now = verdict.name.measure, verdict.before, verdict.now
    cells = (
        str(verdict.outcome),
        what(verdict),
        "–" if before is None else value_text(measure, before.median),
        value_text(measure, now.median),
        "–" if before is None else change_text(measure, before.median, now.median),
        verdict.threshold.text,
        noise_text(measure, before, now) or "–",
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """As text: names of kernels are of others, and may look like markup, or call somebody."""
    words = line_of(" ".join(text.split()))
    return _MARKS.sub(r"\\\1", words).replace("@", "@<!-- -->")
