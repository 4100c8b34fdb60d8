"""A button that opens a trace in Perfetto's page: the only thing here that leaves this machine."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from timeline.ui.opened import Opened
from timeline.ui.page import muted
from timeline.ui.written import written

__all__ = ["MOST_BYTES", "ORIGIN", "open_in_perfetto"]

ORIGIN = "https://ui.perfetto.dev"
MOST_BYTES = 48 << 20
"""The largest file that is handed over; a page holds it several times while it does."""

_HTML = '<button type="button">Open in Perfetto</button> <span role="status"></span>'
_CSS = """
button { font: inherit; color: inherit; background: transparent; cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: 0.3rem; padding: 0.3rem 0.8rem; }
button:hover, button:focus-visible { border-color: var(--st-primary-color); }
span { font-size: 0.86rem; }
"""


@cache
def _component() -> ComponentRenderer:
    code = Path(__file__).with_name("perfetto.js").read_text(encoding="utf-8")
    return st.components.v2.component("timeline_perfetto", html=_HTML, css=_CSS, js=code)


def open_in_perfetto(name: str, opened: Opened, key: str) -> None:
    """Offer to make the file, then to open it there."""
    muted(
        "Perfetto's page is at ui.perfetto.dev. The trace goes to your browser's tab of it alone."
    )
    if not st.toggle("Make the file for Perfetto", key=f"{key}/perfetto"):
        return
    content = opened.once("perfetto", lambda: written(opened.trace, "perfetto", "trace.pftrace"))
    if len(content) > MOST_BYTES:
        muted(f"{len(content):,} bytes are too many for that: download the file and open it there.")
        return
    data = {
        "origin": ORIGIN,
        "trace": b64encode(content).decode(),
        "title": name,
        "file": "trace.pftrace",
    }
    _component()(key=f"{key}/perfetto/open", data=data)
