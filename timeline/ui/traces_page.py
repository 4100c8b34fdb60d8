"""Recorded traces: one in full, or several side by side."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

from timeline.ui.cache import Opened, load, open_upload
from timeline.ui.literal import literal
from timeline.ui.page import errors_shown, intro, style
from timeline.ui.sources import Found, find, samples_folder
from timeline.ui.view import comparison, head_of, numbers, picture, tables

__all__ = ["named", "page"]


def named() -> list[Path]:
    """Traces that the command line names."""
    return [Path(argument) for argument in sys.argv[1:]]


def page() -> None:
    """Draw the page."""
    style()
    with errors_shown():
        opened = _choose()
        if not opened:
            _nothing()
        elif len(opened) == 1:
            name, trace = next(iter(opened.items()))
            _one(name, trace)
        else:
            _several(opened)


def _choose() -> dict[str, Opened]:
    """Open what the sidebar asks for, by name."""
    places = named() or list(filter(None, [samples_folder()]))
    found = {f.label: f for f in find(places)}
    with st.sidebar:
        uploads = st.file_uploader(
            "Open a trace",
            type="zip",
            accept_multiple_files=True,
            help="A zip of a folder that timeline wrote.",
        )
        first = [] if uploads else list(found)[:1]
        chosen = st.multiselect("Traces", list(found), default=first) if found else []
    opened = {upload.name: open_upload(upload.name, upload.getvalue()) for upload in uploads}
    return opened | {name: _open(found[name]) for name in chosen}


def _open(found: Found) -> Opened:
    return load(found.path)


def _nothing() -> None:
    intro("Traces", "", {})
    st.info(
        "Choose a trace in the sidebar, or drop the zip of one there. Record one with "
        "`timeline run TECHNIQUE -o DIR` or `timeline record script.py`.",
        icon=":material/timeline:",
    )


def _one(name: str, opened: Opened) -> None:
    intro(name, "", {})
    head_of(opened)
    numbers(opened)
    shown, measured = st.tabs(["Timeline", "Measures"], key="part", bind="query-params")
    with shown:
        if shown.open:
            picture(opened, "trace")
    with measured:
        if measured.open:
            tables(opened, "trace")


def _several(opened: dict[str, Opened]) -> None:
    intro(f"{len(opened)} traces side by side", "", {})
    comparison(opened, "traces")
    tabs = st.tabs([literal(name) for name in opened], on_change="rerun")
    for trace, tab in zip(opened.values(), tabs, strict=True):
        with tab:
            if tab.open:
                head_of(trace)
                numbers(trace)
                picture(trace, "trace")
                tables(trace, "trace")
