"""Many traces of one job: a rank each, on one clock."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from timeline.figures.escape import plain
from timeline.figures.many_ranks import many_ranks
from timeline.ranks import Job, expand, job
from timeline.ranks.shown import aligned_text, missing_lines, straggler_text
from timeline.ui.library import Item, library, named
from timeline.ui.literal import literal
from timeline.ui.measuring import measured
from timeline.ui.page import chart, errors_shown, intro, section, theme_name
from timeline.ui.rank_tables import rank_rows, spread_rows
from timeline.ui.sources import find
from timeline.ui.tables import table

__all__ = ["page"]

_MOST = 10
"""Ranks that are named; the picture shows them all."""


def page() -> None:
    """Draw the page."""
    intro(
        "Ranks",
        "Traces of one job, a rank each: how they differ, and who keeps others waiting.",
        {},
    )
    with errors_shown():
        found = _chosen()
        if len(found) < 2:
            st.info(
                "Choose two traces or more, or give a pattern such as `run/rank*`: traces of this "
                "dashboard, exports of Nsight Systems, or files of PyTorch, one a rank.",
                icon=":material/dns:",
            )
            return
        _job(job(measured(found)))


def _chosen() -> list[Item | str]:
    """What the page is asked to compare: items of the library, and places by pattern."""
    items = library()
    given = {found.path for found in find(named())}
    first = [label for label, item in items.items() if item.path in given]
    left, right = st.columns(2, gap="medium")
    with left:
        labels = st.multiselect(
            "Traces",
            list(items),
            default=first if len(first) > 1 else [],
            format_func=plain,
            key=f"ranks/{len(items)}",
        )
    with right:
        pattern = st.text_input(
            "Pattern of paths", placeholder="run/rank*.sqlite", key="pattern", bind="query-params"
        )
    return [*(items[label] for label in labels), *(_places(pattern) if pattern else [])]


def _places(pattern: str) -> list[str]:
    return expand([str(Path(each).expanduser()) for each in pattern.split()])


def _job(found: Job) -> None:
    _standing_out(found)
    words = f"Bars of {len(found.ranks)} ranks: when each ran, how late it came, how busy it was"
    section("Every rank", aligned_text(found))
    chart(many_ranks(found.to_json(), theme_name()), "ranks", words)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        table("Figures of the ranks", rank_rows(found))
    with right:
        table("Spread over all ranks", spread_rows(found))


def _standing_out(found: Job) -> None:
    if not found.stragglers:
        st.success("No rank stands out.", icon=":material/check:")
    for each in found.stragglers[:_MOST]:
        st.warning(literal(straggler_text(each)), icon=":material/hourglass_bottom:")
    for line in missing_lines(found)[:_MOST]:
        st.warning(literal(line, 1000))
    for failed in found.failed:
        st.error(literal(f"Left out: {failed.failure}", 1000))
