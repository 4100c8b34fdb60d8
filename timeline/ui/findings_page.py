"""What cost time in a trace: each finding with its picture, its cost and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

import streamlit as st

from timeline.figures.marked import around
from timeline.figures.units import duration_text
from timeline.techniques import NAMES, technique
from timeline.ui.bar import chosen, nothing
from timeline.ui.literal import literal
from timeline.ui.opened import Opened
from timeline.ui.page import chart, errors_shown, intro, link, muted, section, theme_name
from timeline.ui.tables import table
from timeline.ui.titles import title_of
from timeline.ui.view import beware, no_activity

__all__ = ["finding_table", "page"]

Json = dict[str, Any]

_DRAWN = 4
"""Findings whose picture is open at first."""
_COLOURS: Mapping[str, Literal["red", "orange", "gray"]] = {
    "high": "red",
    "medium": "orange",
    "low": "gray",
}


def page() -> None:
    """Draw the page."""
    with errors_shown():
        found = chosen()
        if found is None:
            nothing("Findings")
        else:
            _findings(*found)


def _findings(name: str, opened: Opened) -> None:
    intro(title_of(name, opened.trace.meta), "What cost time, and what would mend it.", {})
    beware(opened)
    if not opened.report["devices"]:
        no_activity()
        return
    found = sorted(_all(opened), key=lambda one: -int(one["cost_ns"]))
    if not found:
        st.success("Nothing costs more than 3 % of the makespan.", icon=":material/check:")
    for index, one in enumerate(found):
        _finding(name, opened, one, index)
    _unknown(opened)


def _all(opened: Opened) -> Iterator[Json]:
    for device in opened.report["devices"]:
        yield from device["findings"]


def _finding(name: str, opened: Opened, one: Json, index: int) -> None:
    with st.container(border=True):
        section(_sentence(one["title"]), _sentence(one["summary"]))
        cost = f"{duration_text(one['cost_ns'])}, {one['share']:.1%} of the makespan"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(one["severity"], color=_COLOURS.get(one["severity"], "gray"))
            st.markdown(f"**{literal(cost)}**", width="content")
            muted(f"by {one['cost_by']}: {one['cost_how']}")
        if st.toggle("Picture", value=index < _DRAWN, key=f"picture/{index}/{one['code']}"):
            figure = around(opened.trace, tuple(one["span"]), theme_name())
            chart(figure, f"findings/{index}", f"Gantt chart around the costliest {one['code']}")
        st.markdown(f"**Do:** {literal(one['advice'], 1000)}")
        muted(*(f"Assumed: {words}" for words in one["assumed"]))
        _links(name, one)
        table("Asked for by", list(_sites(one)))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _links(name: str, one: Json) -> None:
    first, last = one["span"]
    with st.container(horizontal=True):
        link(
            "timeline", "Show in timeline", "timeline", trace=name, start=str(first), end=str(last)
        )
        if one["fix"]:
            link("whatif", "What if it were mended", "science", trace=name, fix=one["fix"])
        known = PurePosixPath(one["page"]).stem
        if known in NAMES:
            link("techniques", technique(known).title, "layers", technique=known)


def _sites(one: Json) -> Iterator[Json]:
    for site in one["sites"]:
        yield {
            "NVTX range": site["range"],
            "call": site["call"],
            "activity": site["activity"],
            "count": site["count"],
            "ns": site["ns"],
        }


def _unknown(opened: Opened) -> None:
    words = [one["text"] for d in opened.report["devices"] for one in d["unknown"]]
    if words:
        section("What this trace can't tell")
        muted(*dict.fromkeys(words))


def finding_table(device: Json, name: str) -> None:
    """The findings of a device by cost, for the overview."""
    rows = [
        {
            "finding": _sentence(one["title"]),
            "cost": duration_text(one["cost_ns"]),
            "share": one["share"],
            "seen": one["summary"],
        }
        for one in device["findings"]
    ]
    table("Findings by cost", rows)
    if rows:
        link("findings", "Each with its picture and what would mend it", "lightbulb", trace=name)
