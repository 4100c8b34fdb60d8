"""The timelines of a baseline and of now, one above the other on one axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from timeline.check.baseline import Entry
from timeline.check.checked import Checked
from timeline.figures.svg import gantt_svg
from timeline.trace.files import as_output_error, write_file

__all__ = ["draw_failures", "picture"]


def picture(before: Entry, now: Entry, names: tuple[str, str] = ("baseline", "now")) -> str:
    """An SVG document of both."""
    entries = dict(zip(names, (before, now), strict=True))
    traces = {
        name: entry.sketch.trace(entry.identity.source, entry.identity.devices)
        for name, entry in entries.items()
    }
    source = "simulated" if now.identity.source == "sim" else f"measured by {now.identity.source}"
    return gantt_svg(
        traces, title=now.identity.name, subtitle=f"{now.identity.device_text}, {source}"
    )


def draw_failures(found: Sequence[Checked], folder: Path) -> dict[str, Path]:
    """Draw each trace that failed into ``folder``; nothing where none did.

    Returns
    -------
    dict of str to Path
        The pictures by the trace's name.

    Raises
    ------
    OutputError
        When one can't be written.
    """
    pictures: dict[str, Path] = {}
    for one in found:
        if one.failed:
            path = folder / (re.sub(r"[^\w.-]+", "-", one.name) + ".svg")
            with as_output_error(path):
                folder.mkdir(parents=True, exist_ok=True)
                write_file(path, picture(one.before, one.now).encode())
            pictures[one.name] = path
    return pictures
