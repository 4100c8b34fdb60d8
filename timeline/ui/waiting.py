"""Waiting for a trace: how far its import is, and a button that stops it."""

from __future__ import annotations

import streamlit as st

from timeline.ui.library import Item
from timeline.ui.literal import literal
from timeline.ui.opened import Opened

__all__ = ["opened"]

_AT_ONCE_S = 0.4
"""What takes no longer than this shows no progress."""
_POLL_S = 0.3


def opened(item: Item, *, whole: bool = True) -> Opened:
    """The trace, once it has been read; until then the page shows progress and stops here.

    Parameters
    ----------
    whole : bool
        False for a page that shows an index before the tables are read, if one was kept.

    Raises
    ------
    TimelineError
        When it can't be read, or its import was cancelled; the next try reads it anew.
    """
    reading = item.begin()
    if not reading.wait(_AT_ONCE_S, whole=whole):
        _progress(item)
        st.stop()
    if reading.failure and item.path is not None:
        item.forget()
    return reading.result()


@st.fragment(run_every=_POLL_S)
def _progress(item: Item) -> None:
    reading = item.begin()
    if reading.wait(0):
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(reading.share, text=literal(f"Reading {reading.name} …"))
        if st.button("Cancel", key=f"cancel/{item.label}"):
            reading.cancel()
