"""Several traces side by side."""

from __future__ import annotations

import streamlit as st

from timeline.figures.escape import plain
from timeline.ui.bar import nothing
from timeline.ui.library import library
from timeline.ui.page import errors_shown, intro, style
from timeline.ui.view import comparison
from timeline.ui.waiting import opened

__all__ = ["page"]


def page() -> None:
    """Draw the page."""
    style()
    with errors_shown():
        items = library()
        if len(items) < 2:
            nothing("Compare", ["Two traces are needed."])
            return
        intro("Compare", "The first is the baseline; each starts at its own first activity.", {})
        chosen = st.multiselect(
            "Traces", list(items), default=list(items)[:2], format_func=plain, key="compared"
        )
        traces = {name: opened(items[name]) for name in chosen}
        if traces:
            comparison(traces, "compare")
