"""The bar above every page of a trace: which one it is, and how to open another."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from timeline.figures.escape import plain
from timeline.ui.library import library
from timeline.ui.opened import Opened
from timeline.ui.page import intro, link
from timeline.ui.waiting import opened

__all__ = ["chosen", "nothing"]

_CHOSEN = "trace"


def chosen(*, whole: bool = True) -> tuple[str, Opened] | None:
    """Ask for a trace, which the page's address names; None if there is none to choose.

    Parameters
    ----------
    whole : bool
        See :func:`timeline.ui.waiting.opened`.

    Raises
    ------
    TimelineError
        When it can't be read.
    """
    items = library()
    with st.container(horizontal=True, vertical_alignment="center", key="bar"):
        if items:
            label = _choice(list(items))
        link("open", "Open…", "folder_open")
    if not items:
        return None
    return label, opened(items[label], whole=whole)


def _choice(labels: list[str]) -> str:
    asked = st.query_params.get(_CHOSEN) or st.session_state.get(f"kept/{_CHOSEN}")
    label = st.selectbox(
        "Trace",
        labels,
        labels.index(asked) if asked in labels else 0,
        format_func=plain,
        key=f"chosen/{_CHOSEN}/{hash(tuple(labels))}",
        label_visibility="collapsed",
        width=420,
    )
    st.query_params[_CHOSEN] = st.session_state[f"kept/{_CHOSEN}"] = label
    return label


def nothing(title: str, lines: Iterable[str] = ()) -> None:
    """Say what to do on a page without a trace."""
    intro(title, "", {})
    st.info(
        " ".join(
            [
                *lines,
                "Open a trace first. Record one with `timeline run TECHNIQUE -o DIR` or "
                "`timeline record script.py`.",
            ]
        ),
        icon=":material/timeline:",
    )
