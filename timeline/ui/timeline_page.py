"""The timeline of a trace."""

from __future__ import annotations

from timeline.ui.bar import chosen, nothing
from timeline.ui.page import errors_shown, intro, style
from timeline.ui.titles import title_of
from timeline.ui.view import head_of, numbers, picture

__all__ = ["page"]


def page() -> None:
    """Draw the page."""
    style()
    with errors_shown():
        found = chosen()
        if found is None:
            nothing("Timeline")
            return
        name, opened = found
        intro(title_of(name, opened.trace.meta), "", {})
        numbers(opened)
        picture(opened, "trace")
        head_of(opened)
