"""Building the index of a trace."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis import median_repeat
from timeline.engines import SM
from timeline.errors import TraceError
from timeline.intervals import Int64
from timeline.tiles.device_lanes import DeviceTracks, device_groups
from timeline.tiles.host_lanes import host_groups
from timeline.tiles.index import Index
from timeline.tiles.parallel import each, pieces
from timeline.tiles.source import Source
from timeline.tiles.stamp_lanes import stamp_groups
from timeline.tiles.track import Spans
from timeline.trace import Trace

__all__ = ["build"]

_LONGEST_NS = 1 << 52
_MOST_KERNELS = 4096
_NEVER = np.iinfo(np.int64).max


def build(trace: Trace) -> Index:
    """Lay a trace out for drawing.

    Raises
    ------
    TraceError
        When it spans 52 days or more: a page can't tell single ns apart then.
    """
    source = Source(trace)
    found = device_groups(source)
    groups = (*found.groups, *stamp_groups(source), *host_groups(source))
    spans = [track.spans for track in source.tracks if len(track)]
    first = min((int(s.start[0]) for s in spans), default=0)
    last = max((int(s.end[-1]) for s in spans), default=1)
    if last - first >= _LONGEST_NS:
        raise TraceError("the trace spans 52 days or more; cut it before you look at it")
    return Index(
        source.origin,
        first,
        max(last, first + 1),
        trace.span[1] - trace.span[0],
        groups,
        tuple(source.tracks),
        found.sets,
        found.engines,
        source.names,
        source.name_counts,
        _kernel_ns(source, found),
        _view(trace, source.origin, (first, last)),
        found.waits,
        source.left_out,
    )


def _view(trace: Trace, origin: int, all_of_it: tuple[int, int]) -> tuple[int, int]:
    repeat = median_repeat(trace)
    if repeat is None:
        first, last = trace.span
        return (first - origin, last - origin) if last > first else all_of_it
    start = trace.column("activities", "start")
    lo, hi = np.searchsorted(start, trace.meta.repeats[repeat]).tolist()
    end = int(trace.column("activities", "end")[lo:hi].max())
    return int(start[lo]) - origin, end - origin


def _kernel_ns(source: Source, found: DeviceTracks) -> dict[int, int]:
    """Time of each kernel name in order of first start; of very many those with the most."""
    count = len(source.names["activities"])
    numbers = [number for engines in found.engines.values() for number in engines.get(SM, ())]
    counted = each(lambda number: _of_names(source.tracks[number].spans, count), numbers)
    total, first = np.zeros(count), np.full(count, _NEVER)
    for lengths, starts in counted:
        total += lengths
        np.minimum(first, starts, out=first)
    most = np.argsort(-total, kind="stable")[:_MOST_KERNELS]
    most = most[first[most] < _NEVER]
    order = most[np.argsort(first[most], kind="stable")]
    return {int(code): int(total[code]) for code in order}


def _of_names(spans: Spans, count: int) -> tuple[npt.NDArray[np.float64], Int64]:
    """Time and first start of each name's spans."""
    total, first = np.zeros(count + 1), np.full(count + 1, _NEVER)
    for lo, hi in reversed(pieces(len(spans))):
        part = spans.part(lo, hi)
        total += np.bincount(part.name + 1, part.end - part.start, count + 1)
        first[part.name[::-1] + 1] = part.start[::-1]
    return total[1:], first[1:]
