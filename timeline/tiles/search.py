"""Spans by a part of their name: how many there are, and the next one from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.tiles.index import Index
from timeline.tiles.matches import Bools, Matches
from timeline.trace.columns import to_numpy

__all__ = ["Bools", "Found", "found", "matches"]

Position = tuple[int, int, int]
"""Start of a span, its track and its place there: the order in which a search goes on."""

_STEP = 1 << 16


@dataclass(frozen=True, slots=True)
class Found:
    """Outcome of a search.

    Attributes
    ----------
    count : int
        Spans with a matching name.
    at : (int, int, int) or None
        The one to show; None without any.
    """

    count: int
    at: Position | None


def found(index: Index, text: str, since: Position, *, back: bool = False) -> Found:
    """The first match after ``since`` in time, or with ``back`` the last one before it.

    At the end the search goes on from the beginning. Capital letters don't matter.
    """
    matched = matches(index, text)
    matching, count = matched.by_table, matched.count
    if not count:
        return Found(0, None)
    nowhere = (np.iinfo(np.int64).max if back else np.iinfo(np.int64).min, -1, -1)
    for begin in (since, nowhere):
        hits = [hit for hit in _hits(index, matching, begin, back=back) if hit is not None]
        if hits:
            return Found(count, max(hits) if back else min(hits))
    return Found(count, None)


def matches(index: Index, text: str) -> Matches:
    """Which names hold a text; the last texts that were asked for are remembered."""
    return index.searches.get(text, lambda: _matches(index, text))


def _matches(index: Index, text: str) -> Matches:
    by_table = {table: _matching(names, text) for table, names in index.names.items()}
    counts = (int(index.name_counts[t][codes].sum()) for t, codes in by_table.items())
    return Matches(by_table, sum(counts))


def _matching(names: pa.Array, text: str) -> Bools:
    """Of each name's code, whether it holds the text."""
    if not len(names) or not text:
        return np.zeros(len(names), np.bool_)
    return np.asarray(to_numpy(pc.match_substring(names, text, ignore_case=True)), np.bool_)


def _hits(
    index: Index, matching: Mapping[str, Bools], since: Position, *, back: bool
) -> Iterator[Position | None]:
    for number, track in enumerate(index.tracks):
        table = index.tables[number]
        if table not in matching or not matching[table].any():
            continue
        codes = np.append(matching[table], False)  # a name that is null has code -1
        start, name = track.spans.start, track.spans.name
        if back:
            place = _before(name, codes, _place(start, number, since))
        else:
            after = since[2] + 1 if number == since[1] else -1
            place = _after(name, codes, max(_place(start, number, since), after))
        yield None if place is None else (int(start[place]), number, place)


def _place(start: npt.NDArray[np.int64], number: int, since: Position) -> int:
    """Where in a track a search from ``since`` begins."""
    if number == since[1]:
        return since[2]
    return int(np.searchsorted(start, since[0], "left" if number > since[1] else "right"))


def _after(name: npt.NDArray[np.int32], codes: Bools, place: int) -> int | None:
    for lo in range(place, len(name), _STEP):
        hits = np.flatnonzero(codes[name[lo : lo + _STEP]])
        if len(hits):
            return lo + int(hits[0])
    return None


def _before(name: npt.NDArray[np.int32], codes: Bools, place: int) -> int | None:
    for hi in range(place, 0, -_STEP):
        lo = max(hi - _STEP, 0)
        hits = np.flatnonzero(codes[name[lo:hi]])
        if len(hits):
            return lo + int(hits[-1])
    return None
