"""What all pages share: the theme in use, and errors as one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import streamlit as st

from timeline.errors import TimelineError
from timeline.figures.escape import html_text
from timeline.ui.literal import literal

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from streamlit.navigation.page import StreamlitPage

__all__ = [
    "chart",
    "errors_shown",
    "intro",
    "link",
    "muted",
    "offer",
    "section",
    "theme_name",
]

_PAGES = "pages"
_CHART = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d"],
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "timeline"},
}
"""Plotly's own options: wheel zoom, and a picture without a server."""


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


def section(heading: str, hint: str = "") -> None:
    """Begin a part of a page: a heading, and what to know of it."""
    aside = f'<p class="muted">{html_text(hint, 1000)}</p>' if hint else ""
    st.html(f'<div class="section"><h2>{html_text(heading)}</h2>{aside}</div>')


def chart(figure: go.Figure, key: str, words: str) -> None:
    """Show a figure at its own height, so that nothing jumps when it has been drawn."""
    st.plotly_chart(
        figure, theme=None, config=_CHART, key=key, alt=words, height=int(figure.layout.height)
    )


def offer(found: Mapping[str, StreamlitPage]) -> None:
    """Tell which pages there are, for :func:`link`."""
    st.session_state[_PAGES] = dict(found)


def link(page: str, label: str, icon: str = "", **query: str) -> None:
    """Lead to another page of the dashboard; nothing where a page stands alone."""
    target = st.session_state.get(_PAGES, {}).get(page)
    if target is not None:
        symbol = f":material/{icon}:" if icon else None
        st.page_link(target, label=literal(label), icon=symbol, query_params=query or None)


def muted(*lines: str) -> None:
    """Write lines of less weight, such as beside a widget; nothing without any."""
    if lines:
        st.html("".join(f'<p class="muted">{html_text(words, 1000)}</p>' for words in lines))


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error of ours as one clear line, in place of what would have followed."""
    try:
        yield
    except TimelineError as error:
        st.error(literal(str(error), 1000))
