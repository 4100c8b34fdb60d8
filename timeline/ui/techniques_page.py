"""The techniques: each one simulated as its settings are turned, its variants side by side."""

from __future__ import annotations

import streamlit as st

from timeline.backends.cuda.kernel_source import kernels_folder
from timeline.backends.sim import devices, load_device
from timeline.program import Param
from timeline.techniques import NAMES, Technique, technique
from timeline.ui.cache import simulated
from timeline.ui.controls import widget
from timeline.ui.opened import Opened
from timeline.ui.page import errors_shown, intro, muted
from timeline.ui.simulation import kernel_files
from timeline.ui.tables import activity_table, measure_tables
from timeline.ui.technique_tabs import claims_tab, gpu_tab, recorded_tab
from timeline.ui.view import comparison, head_of, numbers, picture

__all__ = ["page"]

Settings = dict[str, Param]

_FIRST_DEVICE = "h200"


def page() -> None:
    """Draw the page."""
    with errors_shown():
        chosen = _choose()
        with st.sidebar:
            settings = _settings(chosen)
            device = _device()
        _technique(chosen, settings, device)


def _choose() -> Technique:
    """Ask for a technique; the page's address names it."""
    found = {name: technique(name) for name in NAMES}
    asked = st.query_params.get("technique")
    name = st.sidebar.selectbox(
        "Technique",
        NAMES,
        NAMES.index(asked) if asked in NAMES else 0,
        format_func=lambda name: found[name].title,
        key="chosen",
    )
    st.query_params["technique"] = name
    return found[name]


def _device() -> str:
    names = devices()
    first = names.index(_FIRST_DEVICE) if _FIRST_DEVICE in names else 0
    return st.selectbox("Simulated device", names, first, key="device", bind="query-params")


def _settings(chosen: Technique) -> Settings:
    return {p.name: widget(p, f"{chosen.id}.{p.name}") for p in chosen.parameters}


def _technique(chosen: Technique, settings: Settings, device: str) -> None:
    figure = f" · figure {chosen.figure}" if chosen.figure else ""
    sentences = {"": chosen.summary, "What to see:": chosen.shows, "Bound:": chosen.bound}
    intro(
        chosen.title,
        f"{chosen.section}{figure} · simulated on {load_device(device).name}",
        sentences,
    )
    variant = _variant(chosen)
    names = [v.name for v in chosen.variants]
    opened = _run(chosen, variant, settings, device)
    baseline = _run(chosen, names[0], settings, device)
    numbers(opened, baseline if variant != names[0] else None)
    tabs = st.tabs(
        [
            *("Timeline", "Variants side by side", "Recorded", "Claims"),
            *("Measures", "CUDA source", "This GPU"),
        ],
        key="view",
        bind="query-params",
    )
    shown, beside, samples, claims, measured, source, gpu = tabs
    with shown:
        if shown.open:
            picture(opened, "technique")
            head_of(opened)
    with beside:
        if beside.open:
            comparison({n: _run(chosen, n, settings, device) for n in names}, "technique")
    with samples:
        if samples.open:
            recorded_tab(chosen)
    with claims:
        if claims.open:
            claims_tab(chosen)
    with measured:
        if measured.open:
            for one in opened.report["devices"]:
                activity_table(one)
                measure_tables(one)
    with source:
        if source.open:
            _source(chosen, variant, settings)
    with gpu:
        if gpu.open:
            gpu_tab(chosen, settings)


def _variant(chosen: Technique) -> str:
    changes = {v.name: v.changes for v in chosen.variants}
    with st.container(horizontal=True, vertical_alignment="center"):
        name = st.segmented_control(
            "Variant",
            list(changes),
            default=list(changes)[-1],
            required=True,
            key=f"{chosen.id}.variant",
            bind="query-params",
            label_visibility="collapsed",
        )
        muted(changes[name])
    return name


def _run(chosen: Technique, variant: str, settings: Settings, device: str) -> Opened:
    return simulated(chosen.id, variant, tuple(sorted(settings.items())), device, 1)


def _source(chosen: Technique, variant: str, settings: Settings) -> None:
    folder = kernels_folder()
    for name in kernel_files(chosen.program(variant, **settings)):
        st.caption(f"kernels/{name}")
        st.code((folder / name).read_text(encoding="utf-8"), language="cpp")
