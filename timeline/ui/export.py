"""Taking along what a page shows: the picture, the trace, and a way into Perfetto."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from timeline.formats import by_name
from timeline.formats.registry import NAMES
from timeline.ui.opened import Opened
from timeline.ui.page import muted
from timeline.ui.perfetto_link import open_in_perfetto
from timeline.ui.written import file_stem, written, zipped

__all__ = ["export_menu"]


def export_menu(
    name: str, opened: Opened, svg: Callable[[], str], html: Callable[[], str], key: str
) -> None:
    """A menu; nothing is made before its button is pressed.

    Parameters
    ----------
    svg, html : callable
        Make the picture that the page shows.
    """
    stem = file_stem(name)
    with st.popover("Export", icon=":material/download:", key=f"{key}/export"):
        muted("The picture, as it is set. PNG: the camera at the top right of a chart.")
        with st.container(horizontal=True):
            _button("SVG", svg, f"{stem}.svg", "image/svg+xml", key)
            _button("HTML", html, f"{stem}.html", "text/html", key)
        muted("The trace")
        with st.container(horizontal=True):
            make = partial(zipped, opened.trace)
            _button("timeline (zip)", make, f"{stem}.zip", "application/zip", key)
            for form in NAMES:
                found = by_name(form)
                if found.suffixes:
                    suffix = max(found.suffixes, key=len)
                    make = partial(written, opened.trace, form, f"trace{suffix}")
                    file = f"{stem}{suffix}"
                    _button(found.title, make, file, "application/octet-stream", key)
        open_in_perfetto(name, opened, key)


def _button(label: str, make: Callable[[], str | bytes], file: str, kind: str, key: str) -> None:
    st.download_button(
        label, make, file_name=file, mime=kind, key=f"{key}/{label}", on_click="ignore"
    )
