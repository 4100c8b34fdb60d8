"""Opening traces: samples, a path, uploads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from timeline.errors import TraceError
from timeline.samples import recorded_techniques
from timeline.techniques import technique
from timeline.ui.importing import Import
from timeline.ui.library import add_path, add_upload, library, remove, uploads
from timeline.ui.literal import literal
from timeline.ui.page import errors_shown, intro, link, section
from timeline.ui.sources import samples_folder

__all__ = ["page"]

_POLL_S = 0.3
_FORMATS = (
    "The zip of a trace folder, an export of Nsight Systems (.sqlite), or a trace of PyTorch, JAX "
    "or Chrome (.json, .json.gz); several at once."
)


def page() -> None:
    """Draw the page."""
    intro("Open traces", "Nothing leaves this machine: files are read by the server it runs.", {})
    left, right = st.columns([1, 1], gap="large")
    with left, errors_shown():
        _uploads()
    with right, errors_shown():
        _path()
    with errors_shown():
        _samples()


def _uploads() -> None:
    section("Upload", _FORMATS)
    found = st.file_uploader(
        "Files",
        accept_multiple_files=True,
        key="uploaded",
        label_visibility="collapsed",
    )
    known: set[str] = st.session_state.setdefault("uploaded/known", set())
    for upload in found:
        if upload.file_id not in known:
            known.add(upload.file_id)
            add_upload(upload.name, upload.getbuffer())
    if any(not each.wait(0.2) for each in uploads().values()):
        _progress()
    else:
        _listed(uploads())


@st.fragment(run_every=_POLL_S)
def _progress() -> None:
    if all(each.wait(0) for each in uploads().values()):
        st.rerun()
    _listed(uploads())


def _listed(imports: Mapping[str, Import]) -> None:
    """One line an upload: progress, why it failed, or where to look at it."""
    for name, each in list(imports.items()):
        with st.container(horizontal=True, vertical_alignment="center"):
            if not each.wait(0):
                st.progress(each.share, text=literal(f"Reading {name} …"))
                if st.button("Cancel", key=f"cancel/{name}"):
                    each.cancel()
                continue
            if each.failure:
                st.error(literal(each.failure, 1000))
            else:
                _links(name)
            if st.button("Remove", key=f"remove/{name}", type="tertiary"):
                remove(name)
                st.rerun()


def _links(label: str) -> None:
    st.markdown(f"**{literal(label, 80)}**", width="content")
    link("overview", "Overview", "monitoring", trace=label)
    link("timeline", "Timeline", "timeline", trace=label)


def _path() -> None:
    section("Path on this machine", "A trace, a file of another tool, or a folder of traces.")
    typed = st.text_input(
        "Path",
        placeholder="/data/run/train.trace",
        key="path",
        label_visibility="collapsed",
    )
    if not typed:
        return
    place = Path(typed).expanduser()
    if not place.exists():
        raise TraceError(f"{typed}: no such file or folder on the machine that serves this page")
    labels = add_path(place.resolve())
    if not labels:
        raise TraceError(f"{typed}: no trace, and of no format that timeline imports")
    for label in labels[:20]:
        with st.container(horizontal=True, vertical_alignment="center"):
            _links(label)
    if len(labels) > 20:
        st.caption(f"and {len(labels) - 20} more, in the list of each page")


def _samples() -> None:
    folder = samples_folder()
    if folder is None or not (recorded := recorded_techniques(folder)):
        return
    section("Samples", "Each technique of the chapter, recorded on a GPU: its variants.")
    labels = {item.path: label for label, item in library().items()}
    with st.container(key="samples"):
        columns = st.columns(3, gap="medium")
    for index, name in enumerate(recorded):
        with columns[index % 3], st.container(border=True, gap="xxsmall", height="stretch"):
            found = technique(name)
            link("techniques", found.title, "layers", technique=name)
            with st.container(horizontal=True, gap="small"):
                for variant in found.variants:
                    label = labels.get((folder / name / variant.name).resolve())
                    if label is not None:
                        link("overview", variant.name, trace=label)
