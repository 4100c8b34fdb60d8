"""What a technique's page shows besides its simulation: recordings, verdicts, this GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import streamlit as st

from timeline.claims import Entry, Recordings, Verdict, claim, ledger
from timeline.program import Param
from timeline.samples import recorded
from timeline.techniques import Technique
from timeline.ui.cache import reading
from timeline.ui.library import add_path
from timeline.ui.literal import literal
from timeline.ui.on_gpu import missing_gpu, record
from timeline.ui.opened import Opened
from timeline.ui.page import link, muted, section
from timeline.ui.sources import samples_folder
from timeline.ui.tables import table
from timeline.ui.view import comparison, head_of

__all__ = ["claims_tab", "gpu_tab", "recorded_tab"]

_COLOURS: Mapping[Verdict, Literal["green", "orange", "red", "gray"]] = {
    Verdict.HOLDS: "green",
    Verdict.CONDITION: "orange",
    Verdict.FAILS: "red",
    Verdict.UNKNOWN: "gray",
}


def recorded_tab(chosen: Technique) -> None:
    """Its recorded variants, one above the other."""
    folder = samples_folder()
    found = recorded(folder, chosen.id) if folder is not None else []
    if not found:
        muted("No recording of this technique is here; make one with:")
        st.code(f"timeline run {chosen.id} --variant all -o runs", language="sh")
        return
    opened = {each.variant: _read(each.folder) for each in found}
    muted(f"Recorded on {found[0].gpus}, with the technique's defaults unless the facts say so.")
    comparison(opened, "recorded")
    head_of(next(iter(opened.values())))
    _links({each.variant: f"{chosen.id}/{each.variant}" for each in found})


def _links(labels: Mapping[str, str]) -> None:
    with st.container(horizontal=True):
        for variant, label in labels.items():
            link("overview", variant, "monitoring", trace=label)


@st.cache_resource(max_entries=64, show_spinner="Judging the claims…")
def _entries(numbers: tuple[int, ...], folder: str) -> list[Entry]:
    return list(ledger([claim(number) for number in numbers], Recordings.at(Path(folder))))


def claims_tab(chosen: Technique) -> None:
    """The chapter's statements that it tests, with verdicts computed from recordings."""
    folder = samples_folder()
    if folder is None or not chosen.claims:
        muted("No statement of the chapter is judged by recordings of this technique here.")
        return
    for entry in _entries(chosen.claims, str(folder)):
        with st.container(border=True):
            section(f"{entry.claim.number}. {entry.claim.title}", entry.claim.text)
            st.badge(entry.verdict.value, color=_COLOURS[entry.verdict])
            said = " ".join((*entry.conditions, *entry.remarks))
            if said:
                st.markdown(literal(said.replace("`", ""), 2000))
            table("", _figures(entry))


def _figures(entry: Entry) -> list[dict[str, object]]:
    return [
        {
            "figure": found.evidence.doc,
            "found": found.text,
            "within": "yes" if found.ok else "no",
            "part": found.evidence.part.value,
            "from": ", ".join(found.samples),
        }
        for found in entry.found
    ]


def gpu_tab(chosen: Technique, settings: Mapping[str, Param]) -> None:
    """Record it on this machine's GPU, with the settings of the page."""
    if reason := missing_gpu():
        muted(f"Nothing can be recorded here: {reason}.")
        return
    places: dict[str, Path] = st.session_state.get(f"gpu/{chosen.id}", {})
    if st.button("Record every variant on this GPU", icon=":material/play_arrow:"):
        with st.spinner("Recording…"):
            places = record(chosen.id, settings)
        st.session_state[f"gpu/{chosen.id}"] = places
        for place in places.values():
            add_path(place)
    opened = {name: _read(place) for name, place in places.items()}
    if opened:
        comparison(opened, "gpu")
        head_of(next(iter(opened.values())))


def _read(place: Path) -> Opened:
    found = reading(place)
    found.wait(60)
    return found.result()
