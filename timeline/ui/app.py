"""The dashboard: which pages there are, and which one comes first."""

from __future__ import annotations

import streamlit as st

from timeline.ui import techniques_page, traces_page
from timeline.ui.sources import find

__all__ = ["main"]

_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32" role="img"
aria-label="timeline"><rect x="0" y="5" width="15" height="6" rx="1.5" fill="#E69F00"/>
<rect x="7" y="13" width="17" height="6" rx="1.5" fill="#0072B2"/>
<rect x="16" y="21" width="12" height="6" rx="1.5" fill="#D55E00"/>
<text x="38" y="23" font-family="Inter, Source Sans, Segoe UI, sans-serif" font-size="20"
font-weight="650" fill="INK">timeline</text></svg>"""


def main() -> None:
    """Set the page up and draw the one that is asked for."""
    st.set_page_config(page_title="timeline", page_icon=":material/timeline:", layout="wide")
    dark = st.context.theme.type == "dark"
    st.logo(_LOGO.replace("INK", "#E8ECF1" if dark else "#1B1F24"), size="large")
    traces_first = bool(find(traces_page.named()))
    techniques = st.Page(
        techniques_page.page,
        title="Techniques",
        icon=":material/layers:",
        url_path="techniques",
        default=not traces_first,
    )
    traces = st.Page(
        traces_page.page,
        title="Traces",
        icon=":material/timeline:",
        url_path="traces",
        default=traces_first,
    )
    st.navigation([techniques, traces], position="top").run()
