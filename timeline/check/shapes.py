"""The forms in which a check is told, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from timeline.check.as_github import as_github
from timeline.check.as_json import as_json
from timeline.check.as_junit import as_junit
from timeline.check.as_markdown import as_markdown
from timeline.check.as_text import as_text
from timeline.check.checked import Checked

__all__ = ["SHAPES"]

Shape = Callable[[Sequence[Checked], Mapping[str, Path]], str]


def _json(found: Sequence[Checked], pictures: Mapping[str, Path]) -> str:
    return json.dumps(as_json(found, pictures), indent=2, ensure_ascii=False, allow_nan=False)


SHAPES: Mapping[str, Shape] = {
    "text": as_text,
    "json": _json,
    "junit": as_junit,
    "github": as_github,
    "markdown": as_markdown,
}
"""What makes the text of each."""
