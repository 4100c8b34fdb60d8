"""The timeline on a page: a Streamlit component of plain JavaScript, without any build step."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from timeline.trace import Trace
from timeline.ui.canvas.grants import GRANTS
from timeline.ui.canvas.kept import KEPT
from timeline.ui.canvas.manifest import inlined
from timeline.ui.canvas.routes import place
from timeline.ui.canvas.shown import Shown
from timeline.ui.page import theme_name

__all__ = ["script", "timeline_view"]

_PARTS = (
    *("format", "tiles", "scene", "inview", "causes", "looks", "draw", "overlay", "frames"),
    *("travel", "select", "spans", "search", "hits", "address", "elements", "legend", "details"),
    *("help", "exports", "panel", "input", "main"),
)
_HERE = Path(__file__).parent


def timeline_view(title: str, trace: Trace, key: str) -> None:
    """Show a trace's timeline; ``key`` tells it apart from others on the page.

    Raises
    ------
    TraceError
        For a trace that spans 52 days or more.
    """
    if not KEPT.has(trace):
        with st.spinner("Indexing the trace…"):
            KEPT.index(trace)
    shown = Shown(title, trace)
    context = get_script_run_ctx()
    session = context.session_id if context is not None else ""
    token = GRANTS.token(session, key, shown, _is_open)
    data = {"token": token, "place": place(), "theme": theme_name(), **inlined(shown)}
    _component()(key=key, data=data)


@cache
def _component() -> ComponentRenderer:
    style = (_HERE / "canvas.css").read_text(encoding="utf-8")
    return st.components.v2.component("timeline_canvas", css=style, js=script())


def _is_open(session: str) -> bool:
    return Runtime.exists() and Runtime.instance().is_active_session(session)


@cache
def script() -> str:
    """The component's files as one module."""
    parts = [(_HERE / f"{name}.js").read_text(encoding="utf-8") for name in _PARTS]
    return "\n".join(parts)
