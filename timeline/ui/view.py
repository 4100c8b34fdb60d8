"""One trace on a page: head, headline figures, Gantt picture, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from timeline.figures import compare, gantt
from timeline.figures.matrix import overlap_matrix
from timeline.figures.rows import By
from timeline.figures.units import duration_text
from timeline.ui.cache import Opened
from timeline.ui.literal import literal
from timeline.ui.measures import as_html, engine_rows, headlines, overlap_rows
from timeline.ui.page import CHART, theme_name
from timeline.ui.provenance import head, warnings

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["comparison", "head_of", "numbers", "picture", "tables"]

_RATIO = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")
_NS = st.column_config.NumberColumn(format="localized")
_COLUMNS = {"busy": _RATIO, "ratio": _RATIO, "busy ns": _NS, "overlap ns": _NS, "activities": _NS}


def head_of(opened: Opened) -> None:
    """Where the trace comes from, and what to beware of."""
    st.html(head(opened.trace.meta))
    for words in warnings(opened.trace.meta):
        st.caption(literal(words))


def numbers(opened: Opened, baseline: Opened | None = None) -> None:
    """Headline figures, device by device."""
    before = {d["device"]: d for d in baseline.report["devices"]} if baseline else {}
    devices = opened.report["devices"]
    if not devices:
        st.info("This trace holds no activity of a GPU.", icon=":material/info:")
    for device in devices:
        if len(devices) > 1:
            st.caption(f"GPU {device['device']}")
        st.html(as_html(headlines(device, before.get(device["device"]))))


def picture(opened: Opened, key: str) -> None:
    """The Gantt picture with its switches."""
    trace = opened.trace
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        by = _rows_switch(key)
        repeat = _repeat_switch(len(trace.meta.repeats), key)
        host = st.toggle("Host threads", value=True, key=f"{key}/host", persist_state="session")
        stamps = trace.stamps.num_rows > 0 and st.toggle(
            "Inside the kernels", value=True, key=f"{key}/stamps", persist_state="session"
        )
    figure = gantt(trace, repeat=repeat, rows=by, host=host, stamps=stamps, theme=theme_name())
    words = f"Gantt chart of {trace.activities.num_rows} activities, a row for each {by}"
    _chart(figure, f"{key}/gantt", words)


def _chart(figure: go.Figure, key: str, words: str) -> None:
    """Show a figure at its own height, so that nothing jumps when it has been drawn."""
    st.plotly_chart(
        figure, theme=None, config=CHART, key=key, alt=words, height=int(figure.layout.height)
    )


def _rows_switch(key: str) -> By:
    options: list[By] = ["engine", "stream"]
    chosen = st.segmented_control(
        "Rows",
        options,
        default="engine",
        required=True,
        format_func=lambda by: {"engine": "Engines", "stream": "Streams"}[by],
        key=f"{key}/rows",
        persist_state="session",
        label_visibility="collapsed",
    )
    return "stream" if chosen == "stream" else "engine"


def _repeat_switch(count: int, key: str) -> int | None:
    if count < 2:
        return 0 if count else None
    choice = st.selectbox(
        "Repeat",
        ["all", *range(1, count + 1)],
        index=1,
        format_func=lambda choice: "all repeats" if choice == "all" else f"repeat {choice}",
        key=f"{key}/repeat",
        label_visibility="collapsed",
        width=150,
    )
    return choice - 1 if isinstance(choice, int) else None


def comparison(opened: Mapping[str, Opened], key: str) -> None:
    """Several traces, one above the other on one axis, and their figures side by side."""
    figure = compare({name: o.trace for name, o in opened.items()}, theme=theme_name())
    words = f"Gantt charts of {', '.join(opened)} on one time axis"
    _chart(figure, f"{key}/compare", words)
    st.dataframe(
        [row for name, each in opened.items() for row in _compared(name, each)],
        hide_index=True,
        column_config=_COMPARED,
    )


_COMPARED = {
    name: st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")
    for name in ("pipeline efficiency", "overlap efficiency", "hidden copies")
}


def _compared(name: str, opened: Opened) -> list[dict[str, Any]]:
    return [
        {
            "trace": name if len(opened.report["devices"]) == 1 else f"{name}, GPU {d['device']}",
            "makespan": duration_text(d["makespan_ns"]),
            "bound": duration_text(d["bound_ns"]),
            "pipeline efficiency": d["pipeline_efficiency"],
            "overlap efficiency": d["overlap_efficiency"],
            "hidden copies": d["hidden_copy_ratio"],
            "exposed copies": duration_text(d["exposed_copy_ns"] or 0),
        }
        for d in opened.report["devices"]
    ]


def tables(opened: Opened, key: str) -> None:
    """Engines, overlaps, and what held streams back."""
    for device in opened.report["devices"]:
        left, right = st.columns([3, 2])
        with left:
            st.subheader(f"Engines of GPU {device['device']}", anchor=False)
            st.dataframe(engine_rows(device), hide_index=True, column_config=_COLUMNS)
            if device["overlaps"]:
                st.subheader("Busy at once", anchor=False)
                st.dataframe(overlap_rows(device), hide_index=True, column_config=_COLUMNS)
        with right:
            if len(device["engines"]) > 1:
                st.subheader("Overlap of each pair", anchor=False)
                figure = overlap_matrix(device["engines"], device["overlaps"], theme_name())
                name = f"{key}/matrix{device['device']}"
                _chart(figure, name, "Overlap of each pair of engines")
