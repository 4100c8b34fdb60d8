"""A check as the workflow commands that GitHub shows as annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from timeline.check.checked import Checked
from timeline.check.verdicts import Outcome
from timeline.check.words import reason
from timeline.text import printable

__all__ = ["as_github"]

_COMMANDS = {Outcome.FAILED: "error", Outcome.NOISE: "notice", Outcome.BETTER: "notice"}


def as_github(found: Sequence[Checked], pictures: Mapping[str, Path]) -> str:
    """A line an annotation: errors for what failed, notices for noise and what got better."""
    return "\n".join(line for one in found for line in _lines(one, pictures))


def _lines(one: Checked, pictures: Mapping[str, Path]) -> Iterator[str]:
    for verdict in one.verdicts:
        if command := _COMMANDS.get(verdict.outcome):
            words = f"{verdict.outcome}: {reason(verdict)}"
            yield f"::{command} title={_property(one.name)}::{_data(words)}"
    if one.name in pictures:
        yield f"::notice title={_property(one.name)}::{_data(f'timelines: {pictures[one.name]}')}"
    yield f"{printable(one.name)}: {len(one.verdicts)} figures, {len(one.failed)} failed"


def _data(text: str) -> str:
    """Escaped as GitHub's toolkit does."""
    quoted = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(quoted)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
