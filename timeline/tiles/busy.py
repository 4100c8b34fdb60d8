"""When any of several tracks has a span."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from timeline.intervals import Intervals, union
from timeline.tiles.parallel import PIECE, each
from timeline.tiles.track import Spans

__all__ = ["busy"]


def busy(tracks: Sequence[Spans]) -> Intervals:
    """The union of spans that ascend in each track, stretch of time after stretch of time."""
    longest = max(tracks, key=len)
    count = sum(len(spans) for spans in tracks)
    step = max(PIECE * len(longest) // max(count, 1), 1)
    cuts = longest.start[step::step]
    places = [[0, *np.searchsorted(own.start, cuts).tolist(), len(own)] for own in tracks]
    stretches = zip(*map(pairwise, places), strict=True)
    found = each(lambda bounds: _stretch(tracks, bounds), stretches)
    if len(found) == 1:
        return found[0]
    starts, ends = (np.concatenate(side) for side in zip(*found, strict=True))
    return union(starts, ends)


def _stretch(tracks: Sequence[Spans], bounds: Sequence[tuple[int, int]]) -> Intervals:
    parts = [own.part(*here) for own, here in zip(tracks, bounds, strict=True)]
    starts = np.concatenate([part.start for part in parts])
    return union(starts, np.concatenate([part.end for part in parts]))
