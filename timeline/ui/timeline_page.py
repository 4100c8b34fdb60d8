"""The timeline of a trace."""

from __future__ import annotations

import streamlit as st

from timeline.report.build import MOST_EXPLAINED
from timeline.ui.bar import chosen, nothing
from timeline.ui.canvas import timeline_view
from timeline.ui.page import errors_shown, intro
from timeline.ui.titles import title_of
from timeline.ui.view import head_of, numbers, picture

__all__ = ["page"]


def page() -> None:
    """Draw the page."""
    with errors_shown():
        found = chosen(whole=False)
        if found is None:
            nothing("Timeline")
            return
        name, opened = found
        intro(title_of(name, opened.trace.meta), "", {})
        shown, figure = st.tabs(["Timeline", "Figure"], key="part", bind="query-params")
        with shown:
            if shown.open:
                timeline_view(name, opened.trace, "trace")
        with figure:
            if figure.open:
                picture(opened, "trace")
        if opened.activities <= MOST_EXPLAINED:
            numbers(opened)
        head_of(opened)
