"""The traces of a session: those named or recorded as samples, opened by path, and uploaded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from timeline.ui.cache import forget, reading
from timeline.ui.importing import Import, of_upload
from timeline.ui.sources import find, samples_folder

__all__ = ["Item", "add_path", "add_upload", "library", "named", "remove", "uploads"]

_PATHS, _UPLOADS = "library/paths", "library/uploads"


@dataclass(frozen=True, slots=True)
class Item:
    """A trace that can be chosen.

    Attributes
    ----------
    label : str
        Untrusted text: a path below where it was looked for, or the name of an upload.
    path : Path or None
        None for an upload.
    begin : callable
        Begins to read it, or returns the import that did.
    """

    label: str
    path: Path | None
    begin: Callable[[], Import]

    def forget(self) -> None:
        """Drop what was read."""
        if self.path is not None:
            forget(self.path)
        else:
            remove(self.label)


def named() -> list[Path]:
    """Traces that the command line names."""
    return [Path(argument) for argument in sys.argv[1:]]


def library() -> dict[str, Item]:
    """Everything that can be chosen, by label: uploads, opened paths, named traces, samples."""
    items = {name: Item(name, None, partial(_itself, each)) for name, each in uploads().items()}
    places = [*_paths(), *named(), *filter(None, [samples_folder()])]
    for found in find(places):
        label = found.label if found.label not in items else str(found.path)
        items[label] = Item(label, found.path, partial(reading, found.path))
    return items


def _itself(upload: Import) -> Import:
    return upload


def uploads() -> dict[str, Import]:
    """Uploaded files by name."""
    found: dict[str, Import] = st.session_state.setdefault(_UPLOADS, {})
    return found


def add_upload(name: str, content: memoryview) -> None:
    """Begin to read an upload; one of the same name takes its place."""
    uploads()[name] = of_upload(name, content)


def remove(name: str) -> None:
    """Drop an upload."""
    uploads().pop(name, None)


def _paths() -> list[Path]:
    found: list[Path] = st.session_state.setdefault(_PATHS, [])
    return found


def add_path(path: Path) -> list[str]:
    """Offer what lies at a path; returns the labels of what was found."""
    if path not in _paths():
        _paths().insert(0, path)
    there = {found.path for found in find([path])}
    return [label for label, item in library().items() if item.path in there]
