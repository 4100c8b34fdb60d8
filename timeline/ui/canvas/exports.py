"""What the timeline gives to take along: a picture of what is seen, the trace of a span, or all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from timeline.errors import UsageError, unknown
from timeline.figures import gantt, gantt_svg
from timeline.figures.embedded import html_page
from timeline.figures.rows import By
from timeline.formats import by_name
from timeline.formats.registry import NAMES
from timeline.trace import Trace
from timeline.trace.excerpt import excerpt
from timeline.ui.canvas.shown import Shown
from timeline.ui.written import written, zipped

__all__ = ["Part", "exported", "forms"]

_ZIP = "zip"
_PICTURES = {"svg": "image/svg+xml", "html": "text/html"}

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a trace that is meant.

    Attributes
    ----------
    span : (int, int) or None
        Ns after the index's origin; None for all of it.
    devices : tuple of int or None
        Those that a picture shows; None for all.
    streams, host, stamps : bool
        What a picture shows: rows by stream, host threads, spans inside kernels.
    """

    span: Span | None = None
    devices: tuple[int, ...] | None = None
    streams: bool = False
    host: bool = True
    stamps: bool = True
    theme: str = "light"


def forms() -> list[dict[str, str]]:
    """The formats that a trace can be taken along in: form, title and suffix."""
    found = [{"form": _ZIP, "title": "timeline (zip)", "suffix": ".zip"}]
    for name in NAMES:
        form = by_name(name)
        if form.suffixes:
            found.append({"form": name, "title": form.title, "suffix": max(form.suffixes, key=len)})
    return found


def exported(shown: Shown, form: str, part: Part) -> tuple[bytes, str]:
    """A file's content and its media type.

    Raises
    ------
    UsageError
        For another form, or a picture or an excerpt of an empty span.
    """
    known: Mapping[str, str] = {each["form"]: each["suffix"] for each in forms()}
    if form not in known and form not in _PICTURES:
        raise unknown("format", form, [*_PICTURES, *known])
    trace, origin = shown.trace, shown.index.origin
    window = None if part.span is None else (origin + part.span[0], origin + part.span[1])
    if form in _PICTURES:
        if window is None:
            raise UsageError("a picture is of a span: name its start and end")
        return _picture(trace, form, window, part).encode(), _PICTURES[form]
    if window is not None:
        trace = excerpt(trace, *window)
    if form == _ZIP:
        return zipped(trace), "application/zip"
    return written(trace, form, f"trace{known[form]}"), "application/octet-stream"


def _picture(trace: Trace, form: str, window: Span, part: Part) -> str:
    if part.devices is not None:
        trace = excerpt(trace, *window, part.devices)
    theme: Literal["light", "dark"] = "dark" if part.theme == "dark" else "light"
    rows: By = "stream" if part.streams else "engine"
    lanes: dict[str, Any] = {"host": part.host, "stamps": part.stamps}
    if form == "svg":
        return gantt_svg(trace, window=window, rows=rows, theme=theme, **lanes)
    return html_page(gantt(trace, window=window, rows=rows, theme=theme, **lanes))
