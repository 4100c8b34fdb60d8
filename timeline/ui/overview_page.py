"""The overview of a trace: where its time went, device by device."""

from __future__ import annotations

from typing import Any

import streamlit as st

from timeline.figures import gantt
from timeline.figures.budget import budget
from timeline.figures.choice import chosen_rows
from timeline.figures.matrix import overlap_matrix
from timeline.ui.bar import chosen, nothing
from timeline.ui.findings_page import finding_table
from timeline.ui.headlines import as_html, headlines, together_headlines
from timeline.ui.measures import busy_engines
from timeline.ui.opened import Opened
from timeline.ui.page import chart, errors_shown, intro, link, section, theme_name
from timeline.ui.tables import activity_table, measure_tables
from timeline.ui.titles import title_of
from timeline.ui.view import head_of, no_activity

__all__ = ["page"]

Device = dict[str, Any]


def page() -> None:
    """Draw the page."""
    with errors_shown():
        found = chosen()
        if found is None:
            nothing("Overview")
        else:
            _overview(*found)


def _overview(name: str, opened: Opened) -> None:
    intro(title_of(name, opened.trace.meta), "", {})
    head_of(opened)
    devices = opened.report["devices"]
    if not devices:
        no_activity()
        return
    if opened.report["together"]:
        section("All devices")
        st.html(as_html(together_headlines(opened.report["together"])))
    device = _device(devices)
    st.html(as_html(headlines(device)))
    _time(device)
    finding_table(device, name)
    _picture(opened, name)
    _overlap(device)
    measure_tables(device)


def _device(devices: list[Device]) -> Device:
    """Ask which device to show, where there are several."""
    if len(devices) == 1:
        return devices[0]
    names = {f"GPU {each['device']}": each for each in devices}
    label = st.segmented_control(
        "Device",
        list(names),
        default=next(iter(names)),
        required=True,
        key=f"device/{len(devices)}",
        label_visibility="collapsed",
    )
    return names[label]


def _time(device: Device) -> None:
    hint = "Each engine's row adds up to the makespan. Patterned: idle, by cause."
    if not device["idle_causes_ns"]:
        hint = "Too many activities to tell what the engines waited for."
    section("Where the time went", hint)
    words = f"Bars of how the makespan of GPU {device['device']} divides"
    chart(budget(device, theme_name()), "overview/budget", words)


def _picture(opened: Opened, name: str) -> None:
    section("What ran")
    figure = gantt(
        opened.trace,
        repeat=opened.report["repeats"]["measured"],
        rows=chosen_rows("auto", [opened.trace]),
        host=False,
        stamps=False,
        theme=theme_name(),
    )
    words = f"Gantt chart of {opened.trace.rows('activities')} activities"
    chart(figure, "overview/gantt", words)
    link("timeline", "All rows, zoom and search", "timeline", trace=name)


def _overlap(device: Device) -> None:
    used = busy_engines(device)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        if len(used) > 1:
            section("Overlap of each pair", "Of the shorter one's time; a dash is undefined.")
            figure = overlap_matrix(used, device["overlaps"], theme_name())
            chart(figure, "overview/matrix", "Overlap of each pair of engines")
        else:
            section("Overlap", "Only one engine was used: nothing could overlap with it.")
    with right:
        activity_table(device)
