"""What all pages share: the style, the theme in use, and errors as one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import streamlit as st

from timeline.errors import TimelineError
from timeline.figures.escape import html_text
from timeline.ui.literal import literal

__all__ = ["CHART", "errors_shown", "intro", "muted", "style", "theme_name"]

CHART = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d"],
    "toImageButtonOptions": {"format": "svg", "filename": "timeline"},
}
"""Plotly's own options: wheel zoom, and a picture without a server."""


def style() -> None:
    """Add the stylesheet."""
    st.html(Path(__file__).with_name("style.css"))


def theme_name() -> Literal["light", "dark"]:
    """The theme that the reader's browser shows."""
    return "dark" if st.context.theme.type == "dark" else "light"


def intro(title: str, line: str, sentences: Mapping[str, str]) -> None:
    """Write the head of a page: a title, a muted line, and sentences after their labels."""
    parts = "".join(
        f"<p>{f'<b>{html_text(label)}</b> ' if label else ''}{html_text(words, 2000)}</p>"
        for label, words in sentences.items()
        if words
    )
    aside = f'<p class="muted">{html_text(line, 1000)}</p>' if line else ""
    st.html(f'<div class="intro"><h1>{html_text(title)}</h1>{aside}{parts}</div>')


def muted(words: str) -> None:
    """Write a line of less weight, such as beside a widget."""
    st.html(f'<p class="muted">{html_text(words, 1000)}</p>')


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error of ours as one clear line, in place of what would have followed."""
    try:
        yield
    except TimelineError as error:
        st.error(literal(str(error), 1000))
