"""The timelines of a baseline and of now, one above the other on one axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from timeline.check.baseline import Entry
from timeline.check.checked import Checked
from timeline.figures.svg import gantt_svg
from timeline.trace import Trace
from timeline.trace.files import as_output_error, write_file

__all__ = ["draw_failures", "draw_pair", "picture"]


def picture(before: Entry, now: Entry) -> str:
    """An SVG document of both; of one, where they are the same."""
    entries = {"baseline": before, "now": now} if before is not now else {"now": now}
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
    failed = (one for one in found if one.failed)
    return {one.name: _written(one.name, picture(one.before, one.now), folder) for one in failed}


def draw_pair(before: Trace, now: Trace, name: str, folder: Path) -> Path:
    """Draw two whole traces, of each the repeat of median makespan, into ``folder``."""
    traces = {"before": before, "now": now}
    return _written(name, gantt_svg(traces, title=name), folder)


def _written(name: str, document: str, folder: Path) -> Path:
    path = folder / (re.sub(r"[^\w.-]+", "-", name) + ".svg")
    with as_output_error(path):
        folder.mkdir(parents=True, exist_ok=True)
        write_file(path, document.encode())
    return path
