"""The techniques: each one simulated as its settings are turned, its variants side by side."""

from __future__ import annotations

import streamlit as st

from timeline.backends.cuda.kernel_source import kernels_folder
from timeline.backends.sim.devices import devices
from timeline.program import Param
from timeline.techniques import NAMES, Technique, technique
from timeline.ui.cache import Opened, simulated
from timeline.ui.controls import widget
from timeline.ui.page import errors_shown, lead, style
from timeline.ui.simulation import kernel_files
from timeline.ui.view import comparison, head_of, numbers, picture, tables

__all__ = ["page"]

Settings = dict[str, Param]


def page() -> None:
    """Draw the page."""
    style()
    with errors_shown():
        chosen = _choose()
        with st.sidebar:
            settings = _settings(chosen)
            device = st.selectbox("Simulated device", devices(), key="device", bind="query-params")
        _technique(chosen, settings, device)


def _choose() -> Technique:
    found = {name: technique(name) for name in NAMES}
    name = st.sidebar.selectbox(
        "Technique",
        NAMES,
        format_func=lambda name: found[name].title,
        key="technique",
        bind="query-params",
    )
    return found[name]


def _settings(chosen: Technique) -> Settings:
    return {p.name: widget(p, f"{chosen.id}/{p.name}") for p in chosen.parameters}


def _technique(chosen: Technique, settings: Settings, device: str) -> None:
    figure = f" · figure {chosen.figure}" if chosen.figure else ""
    st.header(chosen.title, anchor=False)
    st.caption(f"{chosen.section}{figure}")
    lead("", chosen.summary)
    lead("What to see:", chosen.shows)
    lead("Bound:", chosen.bound)
    names = [v.name for v in chosen.variants]
    changes = {v.name: v.changes for v in chosen.variants}
    variant = st.segmented_control(
        "Variant", names, default=names[-1], required=True, key=f"{chosen.id}/variant"
    )
    st.caption(changes[variant])
    opened = _run(chosen, variant, settings, device)
    baseline = _run(chosen, names[0], settings, device)
    numbers(opened, baseline if variant != names[0] else None)
    shown, beside, measured, source = st.tabs(
        ["Timeline", "Variants side by side", "Measures", "CUDA source"]
    )
    with shown:
        picture(opened, f"{chosen.id}/{variant}")
        head_of(opened)
    with beside:
        comparison({n: _run(chosen, n, settings, device) for n in names}, chosen.id)
    with measured:
        tables(opened, f"{chosen.id}/{variant}")
    with source:
        _source(chosen, variant, settings)


def _run(chosen: Technique, variant: str, settings: Settings, device: str) -> Opened:
    return simulated(chosen.id, variant, tuple(sorted(settings.items())), device, 1)


def _source(chosen: Technique, variant: str, settings: Settings) -> None:
    folder = kernels_folder()
    for name in kernel_files(chosen.program(variant, **settings)):
        st.caption(f"kernels/{name}")
        st.code((folder / name).read_text(encoding="utf-8"), language="cpp")
