"""What would a fix give: the recorded timeline, and the one predicted with fixes applied."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from timeline.figures import compare
from timeline.figures.units import duration_text
from timeline.ui.bar import chosen, nothing
from timeline.ui.headlines import Headline, as_html
from timeline.ui.literal import literal
from timeline.ui.opened import Opened
from timeline.ui.page import chart, errors_shown, intro, muted, section, theme_name
from timeline.ui.tables import table
from timeline.ui.titles import title_of
from timeline.ui.view import beware, no_activity
from timeline.whatif import FIXES, Fix, Prediction, predict, rank

__all__ = ["page"]

_TOGETHER = -1
"""Stands for all devices."""

_MOST = 50_000
"""Activities up to which nobody has to ask for the replay: it takes some 30 µs each."""


def page() -> None:
    """Draw the page."""
    with errors_shown():
        found = chosen()
        if found is None:
            nothing("What if")
        else:
            _whatif(*found)


def _whatif(name: str, opened: Opened) -> None:
    intro(
        title_of(name, opened.trace.meta),
        "The recording, replayed with fixes: durations and the host's pace stay as recorded.",
        {},
    )
    beware(opened)
    devices = [one["device"] for one in opened.report["devices"]]
    if not devices:
        no_activity()
        return
    device = _device(devices) if len(devices) > 1 else None
    count = opened.trace.rows("activities")
    if count > _MOST and not st.button(f"Replay {count:,} activities, some {count // 30_000} s"):
        return
    fixes = _fixes(st.query_params.get("fix", ""))
    _prediction(opened, _predicted(opened, tuple(fixes), device))
    section("Each fix alone", "What changes nothing in this trace is left out.")
    rows = [_row(one) for one in _ranked(opened, device)]
    if rows:
        table("", rows)
    else:
        muted("No fix changes anything in this trace.")


def _device(devices: list[int]) -> int | None:
    """The device to replay; None for all of them together."""
    chosen = st.segmented_control(
        "Device",
        [_TOGETHER, *devices],
        default=_TOGETHER,
        required=True,
        format_func=lambda device: "All GPUs" if device == _TOGETHER else f"GPU {device}",
        key=f"whatif/device/{len(devices)}",
        label_visibility="collapsed",
    )
    return None if chosen == _TOGETHER else chosen


def _fixes(asked: str) -> list[str]:
    """Ask which fixes to apply; those that the address names are on at first."""
    given = {text.partition(":")[0]: text for text in asked.split(",") if text}
    found = []
    columns = st.columns(3, gap="medium")
    for index, fix in enumerate(FIXES.values()):
        with columns[index % 3]:
            on = st.toggle(
                fix.title,
                value=fix.name in given,
                key=f"fix/{fix.name}/{asked}",
                help=fix.description,
            )
            if on:
                found.append(_with_values(fix, given.get(fix.name, fix.name)))
    return found


def _with_values(fix: Fix, given: str) -> str:
    """The fix with a value for each of its parameters, as ``timeline whatif --apply`` has it."""
    before = given.split(":")[1:]
    values = [
        st.text_input(
            f"{fix.title}: {parameter.name}",
            before[index] if index < len(before) else parameter.default or "*",
            help=parameter.summary,
            key=f"fix/{fix.name}/{parameter.name}",
        )
        for index, parameter in enumerate(fix.parameters)
    ]
    return ":".join([fix.name, *values])


def _predicted(opened: Opened, fixes: tuple[str, ...], device: int | None) -> Prediction:
    with st.spinner("Replaying…"):
        key = ("predict", fixes, device)
        return opened.once(key, lambda: predict(opened.trace, fixes, device=device))


def _ranked(opened: Opened, device: int | None) -> list[Prediction]:
    with st.spinner("Trying each fix…"):
        return opened.once(("rank", device), lambda: rank(opened.trace, device=device))


def _prediction(opened: Opened, found: Prediction) -> None:
    st.html(as_html(_headlines(found)))
    traces = {"recorded": opened.trace}
    if found.applied:
        traces["predicted"] = found.trace
    for fix in found.fixes:
        if fix not in found.applied:
            st.info(literal(f"{fix} has nothing to change here."), icon=":material/info:")
    figure = compare(traces, theme=theme_name())
    chart(figure, "whatif", "Gantt charts, as recorded and as predicted, on one time axis")
    _told("Assumed", found.assumed)
    _told("Not known", found.unknown)


def _headlines(found: Prediction) -> list[Headline]:
    change = found.predicted_ns / found.replayed_ns - 1 if found.replayed_ns else 0.0
    moved = f"{change:+.1%}".replace("-", "−") if found.applied else ""
    return [
        Headline("Recorded", duration_text(found.recorded_ns), "Makespan as recorded."),
        Headline(
            "Replayed",
            duration_text(found.replayed_ns),
            "With nothing changed: how far the replay can be trusted.",
        ),
        Headline(
            "Predicted", duration_text(found.predicted_ns), "With the fixes.", moved, change < 0
        ),
        Headline(
            "Gain", duration_text(found.gain_ns).replace("-", "−"), "Replayed less predicted."
        ),
        Headline("Bound", duration_text(found.bound_ns), f"Then bounded by {found.bounded_by}."),
    ]


def _told(heading: str, lines: Sequence[str]) -> None:
    if lines:
        section(heading)
        muted(*lines)


def _row(one: Prediction) -> dict[str, object]:
    return {
        "fix": FIXES[one.fixes[0]].title,
        "replayed ns": one.replayed_ns,
        "predicted ns": one.predicted_ns,
        "gain ns": one.gain_ns,
        "times as fast": None if one.factor is None else round(one.factor, 2),
        "then bounded by": one.bounded_by,
    }
