"""A check as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from timeline.check.checked import Checked
from timeline.check.verdicts import Outcome
from timeline.check.words import reason
from timeline.text import line_of

__all__ = ["as_text"]

_SHOWN = (Outcome.FAILED, Outcome.NOISE, Outcome.BETTER)


def as_text(found: Sequence[Checked], pictures: Mapping[str, Path]) -> str:
    """What failed and why, what only noise explains, what got better; the rest counted.

    Parameters
    ----------
    pictures : mapping of str to Path
        Where the timelines of a trace that failed stand side by side, by its name.
    """
    return "\n".join(line_of(line) for one in found for line in _lines(one, pictures))


def _lines(one: Checked, pictures: Mapping[str, Path]) -> Iterator[str]:
    identity = one.now.identity
    simulated = identity.source == "sim"
    where = f"{identity.device_text}, simulated" if simulated else identity.device_text
    verdict = "FAILED" if one.failed else "ok"
    failed = f"{len(one.failed)} of " if one.failed else ""
    yield f"{verdict} {one.name} ({where}): {failed}{len(one.verdicts)} figures"
    if not simulated and not any(v.now.count > 1 for v in one.verdicts):
        yield "  one value each: nothing is known of their noise"
    for outcome in _SHOWN:
        for each in one.verdicts:
            if each.outcome is outcome:
                yield f"  {outcome}: {reason(each)}"
    if one.name in pictures:
        yield f"  both timelines: {pictures[one.name]}"
