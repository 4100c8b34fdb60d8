"""One trace on a page: head, headline figures, Gantt picture, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from timeline.figures import compare, gantt, gantt_svg
from timeline.figures.choice import chosen_rows
from timeline.figures.embedded import html_page
from timeline.figures.rows import By
from timeline.figures.units import duration_text
from timeline.trace import Trace
from timeline.ui.export import export_menu
from timeline.ui.headlines import as_html, headlines, overlap_efficiency
from timeline.ui.inside import inside_switches
from timeline.ui.literal import literal
from timeline.ui.opened import Opened
from timeline.ui.page import chart, theme_name
from timeline.ui.provenance import head, warnings
from timeline.ui.titles import title_of

__all__ = ["beware", "compared_table", "comparison", "head_of", "no_activity", "numbers", "picture"]


def head_of(opened: Opened) -> None:
    """Where the trace comes from, and what to beware of."""
    st.html(head(opened.trace.meta))
    beware(opened)


def beware(opened: Opened, of: str = "") -> None:
    """What a reader must not miss, such as records that were lost; ``of`` names one of several."""
    for words in warnings(opened.trace.meta):
        st.caption(literal(f"{of}: {words}" if of else words))


def numbers(opened: Opened, baseline: Opened | None = None) -> None:
    """Headline figures, device by device."""
    before = {d["device"]: d for d in baseline.report["devices"]} if baseline else {}
    devices = opened.report["devices"]
    if not devices:
        no_activity()
    for device in devices:
        if len(devices) > 1:
            st.caption(f"GPU {device['device']}")
        st.html(as_html(headlines(device, before.get(device["device"]))))


def no_activity() -> None:
    """Say that there is nothing to measure."""
    st.info("This trace holds no activity of a GPU.", icon=":material/info:")


def picture(opened: Opened, key: str) -> None:
    """The Gantt picture with its switches."""
    trace = opened.trace
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        by = _rows_switch(trace, key)
        repeat = _repeat_switch(opened, key)
        host = st.toggle("Host threads", value=True, key=f"{key}/host", persist_state="session")
        inside = inside_switches(trace, key)
        options: dict[str, Any] = {
            "repeat": repeat,
            "rows": by,
            "host": host,
            "stamps": inside.stamps,
            "kernel": inside.kernel,
            "sms": inside.sms,
            "theme": theme_name(),
        }
        export_menu(
            title_of("trace", trace.meta),
            opened,
            lambda: gantt_svg(trace, **options),
            lambda: html_page(gantt(trace, **options)),
            key,
        )
    figure = gantt(trace, **options)
    words = f"Gantt chart of {trace.rows('activities')} activities, a row for each {by}"
    chart(figure, f"{key}/gantt", words)


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
    chart(figure, f"{key}/compare", words)
    compared_table(opened)


def compared_table(opened: Mapping[str, Opened]) -> None:
    """The figures of several traces side by side."""
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
