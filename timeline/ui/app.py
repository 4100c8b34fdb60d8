"""The dashboard: which pages there are, and which one comes first."""

from __future__ import annotations

from base64 import b64encode

import streamlit as st

from timeline.figures.palette import Theme, theme_named
from timeline.ui import (
    compare_page,
    findings_page,
    open_page,
    overview_page,
    ranks_page,
    techniques_page,
    timeline_page,
    whatif_page,
)
from timeline.ui.library import named
from timeline.ui.page import offer, theme_name
from timeline.ui.sources import find

__all__ = ["main"]

_MARK = """<rect x="0" y="5" width="15" height="6" rx="1.5" fill="#E69F00"/>
<rect x="7" y="13" width="17" height="6" rx="1.5" fill="#0072B2"/>
<rect x="16" y="21" width="12" height="6" rx="1.5" fill="#D55E00"/>"""
_ICON = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 32 32">{_MARK}</svg>'
_WORD = (
    '<text x="38" y="23" font-family="Inter, Source Sans, Segoe UI, sans-serif" font-size="20" '
    'font-weight="650" fill="INK">timeline</text>'
)
_LOGO = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32">{_MARK}{_WORD}</svg>'


def _icon() -> str:
    """As a data URI: Streamlit would fetch an icon by name from elsewhere."""
    return f"data:image/svg+xml;base64,{b64encode(_ICON.encode()).decode()}"


def _logo(theme: Theme) -> str:
    return _LOGO.replace("INK", theme.ink)


_PAGES = (
    (open_page.page, "Open", "folder_open", "open"),
    (overview_page.page, "Overview", "monitoring", "overview"),
    (timeline_page.page, "Timeline", "timeline", "timeline"),
    (findings_page.page, "Findings", "lightbulb", "findings"),
    (whatif_page.page, "What if", "science", "whatif"),
    (compare_page.page, "Compare", "compare_arrows", "compare"),
    (ranks_page.page, "Ranks", "dns", "ranks"),
    (techniques_page.page, "Techniques", "layers", "techniques"),
)
"""What draws each page, its title, icon and address."""


def main() -> None:
    """Set the page up and draw the one that is asked for."""
    st.set_page_config(page_title="timeline", page_icon=_icon(), layout="wide")
    st.logo(_logo(theme_named(theme_name())), size="large")
    pages = {
        address: st.Page(draw, title=title, icon=f":material/{icon}:", url_path=address)
        for draw, title, icon, address in _PAGES
    }
    offer(pages)
    first = pages["overview"] if find(named()) else pages["techniques"]
    home = st.Page(lambda: st.switch_page(first), title="Home", default=True, visibility="hidden")
    st.navigation([home, *pages.values()], position="top").run()
