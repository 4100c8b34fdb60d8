"""Traces side by side, aligned, and what differs between the first two in words."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from timeline.check.comparison import compare as compared
from timeline.figures import compare
from timeline.figures.escape import plain
from timeline.ui.bar import nothing
from timeline.ui.differences import (
    common_ranges,
    figure_rows,
    finding_rows,
    launch_rows,
    range_window,
)
from timeline.ui.library import Item, library
from timeline.ui.opened import Opened
from timeline.ui.page import chart, errors_shown, intro, muted, section, theme_name
from timeline.ui.tables import table
from timeline.ui.view import beware, compared_table
from timeline.ui.waiting import opened

__all__ = ["page"]

_WHOLE = "first activity"


def page() -> None:
    """Draw the page."""
    with errors_shown():
        items = library()
        if len(items) < 2:
            nothing("Compare", ["Two traces are needed."])
            return
        intro("Compare", "The first is the baseline.", {})
        labels = _labels(items)
        traces = {label: opened(items[label]) for label in labels}
        if traces:
            _compared(traces)


def _labels(items: Mapping[str, Item]) -> list[str]:
    """Ask for traces; the address names them."""
    asked = [label for label in st.query_params.get_all("with") if label in items]
    labels = st.multiselect(
        "Traces",
        list(items),
        default=asked or list(items)[:2],
        format_func=plain,
        key=f"compared/{len(items)}",
        label_visibility="collapsed",
    )
    st.query_params["with"] = labels
    return labels


def _compared(found: Mapping[str, Opened]) -> None:
    traces = {name: each.trace for name, each in found.items()}
    ranges = common_ranges(list(traces.values())) if len(traces) > 1 else []
    by = _WHOLE
    if ranges:
        by = st.selectbox(
            "Aligned by", [_WHOLE, *ranges], format_func=lambda name: plain(name, 60), width=420
        )
    windows = {name: range_window(t, by) for name, t in traces.items()} if by != _WHOLE else {}
    figure = compare(traces, windows=windows, theme=theme_name())
    chart(figure, "compare", f"Gantt charts of {', '.join(traces)} on one time axis")
    compared_table(found)
    for name, each in found.items():
        beware(each, name)
    if len(traces) > 1:
        _differences(found, by if by != _WHOLE else "")


def _differences(found: Mapping[str, Opened], by: str) -> None:
    (first, before), (second, now) = list(found.items())[:2]
    section(f"From {first} to {second}", "What moved by more than the noise of the repeats.")
    if not all(each.trace.rows("activities") for each in (before, now)):
        muted("A trace without activities has no figures to compare.")
        return
    ranges = [by] if by else []
    differs = now.once(
        ("differs", before.number, by),
        lambda: compared((first, before.trace), (second, now.trace), ranges),
    )
    if differs.apart:
        muted(f"Not of the same: {differs.apart}.")
    table("", figure_rows(differs))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        table("Kernels and copies that changed", launch_rows(differs.kernels))
        table("NVTX ranges that changed", launch_rows(differs.ranges))
    with right:
        table("Findings on either side", finding_rows(differs))
