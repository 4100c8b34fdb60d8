"""Measuring ranks, with progress; what was measured before is not measured again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import streamlit as st

from timeline.ranks import RankSummary, is_remote, on_cores
from timeline.ranks.measure import summarise
from timeline.ui.library import Item
from timeline.ui.sources import version
from timeline.ui.waiting import opened

__all__ = ["measured"]

_KEPT = 64

Key = tuple[str, tuple[int, int]]


def measured(chosen: Sequence[Item | str]) -> list[RankSummary]:
    """Summaries of items of the library and of places; those that can't be read say why."""
    uploads = [each for each in chosen if isinstance(each, Item) and each.path is None]
    found = [summarise(opened(each).trace, each.label) for each in uploads]
    places = tuple(dict.fromkeys(map(_key, _places(chosen))))
    return [*found, *(_measured(places) if places else ())]


def _places(chosen: Sequence[Item | str]) -> Iterator[str]:
    for each in chosen:
        if isinstance(each, str):
            yield each
        elif each.path is not None:
            yield str(each.path)


def _key(place: str) -> Key:
    """A place and what changes with it; what lies in a store is taken to stay."""
    there = not is_remote(place) and Path(place).exists()
    return place, version(Path(place)) if there else (0, 0)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _measured(places: Sequence[Key]) -> list[RankSummary]:
    names = [place for place, _ in places]
    bar = st.progress(0.0, text=f"Measuring {len(names)} ranks …")
    done: list[str] = []

    def tell(place: str) -> None:
        done.append(place)
        bar.progress(len(done) / len(names))

    try:
        return on_cores(lenient=True)(names, tell)
    finally:
        bar.empty()
