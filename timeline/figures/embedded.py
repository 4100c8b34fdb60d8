"""Figures as parts of a page that needs no network."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

__all__ = ["chart_html", "html_page", "plotly_script"]

_OPTIONS = {"displaylogo": False, "responsive": True, "scrollZoom": True}


def plotly_script() -> str:
    """Plotly itself, for the head of the page."""
    return f"<script>{get_plotlyjs()}</script>"


def html_page(figure: go.Figure) -> str:
    """A figure as a whole page of its own."""
    found: str = figure.to_html(include_plotlyjs=True, config=_OPTIONS)
    return found


def chart_html(figure: go.Figure) -> str:
    """A figure as an element; the page holds :func:`plotly_script`."""
    found: str = figure.to_html(full_html=False, include_plotlyjs=False, config=_OPTIONS)
    return found
