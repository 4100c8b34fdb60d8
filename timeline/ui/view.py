"""One trace on a page: head, headline figures, Gantt picture, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from timeline.figures import compare, gantt
from timeline.figures.choice import chosen_rows
from timeline.figures.matrix import overlap_matrix
from timeline.figures.rows import By
from timeline.figures.units import duration_text
from timeline.trace import Trace
from timeline.ui.cache import Opened
from timeline.ui.headlines import as_html, headlines, overlap_efficiency
from timeline.ui.inside import block_rows, inside_switches, role_rows
from timeline.ui.literal import literal
from timeline.ui.measures import (
    Rows,
    activity_rows,
    barrier_rows,
    busy_engines,
    engine_rows,
    host_wait_rows,
    overlap_rows,
    pdl_rows,
)
from timeline.ui.page import CHART, theme_name
from timeline.ui.provenance import head, warnings

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["comparison", "head_of", "numbers", "picture", "tables"]


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
        by = _rows_switch(trace, key)
        repeat = _repeat_switch(opened, key)
        host = st.toggle("Host threads", value=True, key=f"{key}/host", persist_state="session")
        inside = inside_switches(trace, key)
    figure = gantt(
        trace,
        repeat=repeat,
        rows=by,
        host=host,
        stamps=inside.stamps,
        kernel=inside.kernel,
        sms=inside.sms,
        theme=theme_name(),
    )
    words = f"Gantt chart of {trace.activities.num_rows} activities, a row for each {by}"
    _chart(figure, f"{key}/gantt", words)


def _chart(figure: go.Figure, key: str, words: str) -> None:
    """Show a figure at its own height, so that nothing jumps when it has been drawn."""
    st.plotly_chart(
        figure, theme=None, config=CHART, key=key, alt=words, height=int(figure.layout.height)
    )


def _rows_switch(trace: Trace, key: str) -> By:
    options: list[By] = ["engine", "stream"]
    telling = chosen_rows("auto", [trace])
    chosen = st.segmented_control(
        "Rows",
        options,
        default=telling,
        required=True,
        format_func=lambda by: {"engine": "Engines", "stream": "Streams"}[by],
        key=f"{key}/rows/{telling}",
        persist_state="session",
        label_visibility="collapsed",
    )
    return "stream" if chosen == "stream" else "engine"


def _repeat_switch(opened: Opened, key: str) -> int | None:
    """Ask which repeat to show: at first the one that the figures are of."""
    count, measured = len(opened.trace.meta.repeats), opened.report["repeats"]["measured"]
    if count < 2:
        return 0 if count else None
    choice = st.selectbox(
        "Repeat",
        ["all", *range(count)],
        index=0 if measured is None else measured + 1,
        format_func=lambda choice: _repeat_name(choice, measured),
        key=f"{key}/repeat",
        label_visibility="collapsed",
        width=190,
    )
    return choice if isinstance(choice, int) else None


def _repeat_name(choice: int | str, measured: int | None) -> str:
    if isinstance(choice, str):
        return "all repeats"
    return f"repeat {choice} (median)" if choice == measured else f"repeat {choice}"


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
    for name in ("pipeline efficiency", "hidden copies")
} | {"overlap efficiency": st.column_config.NumberColumn(format="percent")}


def _compared(name: str, opened: Opened) -> list[dict[str, Any]]:
    return [
        {
            "trace": name if len(opened.report["devices"]) == 1 else f"{name}, GPU {d['device']}",
            "makespan": duration_text(d["makespan_ns"]),
            "bound": duration_text(d["bound_ns"]),
            "pipeline efficiency": d["pipeline_efficiency"],
            "overlap efficiency": overlap_efficiency(d),
            "hidden copies": d["hidden_copy_ratio"],
            "exposed copies": duration_text(d["exposed_copy_ns"] or 0),
        }
        for d in opened.report["devices"]
    ]


def tables(opened: Opened, key: str) -> None:
    """Every measure of every device; tables without rows are left out."""
    for device in opened.report["devices"]:
        name = f"GPU {device['device']}" + (f" · {device['name']}" if device["name"] else "")
        left, right = st.columns([3, 2])
        with left:
            _table(f"Engines of {name}", engine_rows(device))
            _table("Busy at once", overlap_rows(device))
        with right:
            if len(used := busy_engines(device)) > 1:
                st.subheader("Overlap of each pair", anchor=False)
                figure = overlap_matrix(used, device["overlaps"], theme_name())
                words = "Overlap of each pair of engines"
                _chart(figure, f"{key}/matrix{device['device']}", words)
            _table("Dependent launches", pdl_rows(device))
        _table("Kernels and copies", activity_rows(device))
        _table("Blocks on the SMs", block_rows(device))
        _table("Roles inside the kernels", role_rows(device))
        _table("Waits at the legacy default stream", barrier_rows(device))
        _table("Host waits", host_wait_rows(device))


def _table(heading: str, rows: Rows) -> None:
    if rows:
        st.subheader(literal(heading), anchor=False)
        st.dataframe(rows, hide_index=True, column_config=_columns(rows))


def _columns(rows: Rows) -> dict[str, Any]:
    """Ratios as bars, integers with separators."""
    found: dict[str, Any] = {}
    for name in rows[0]:
        if name in ("busy", "ratio"):
            found[name] = st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent"
            )
        elif name == "GB/s":
            found[name] = st.column_config.NumberColumn(format="%.1f")
        elif any(isinstance(row[name], int | float) for row in rows):
            found[name] = st.column_config.NumberColumn(format="localized")
    return found
