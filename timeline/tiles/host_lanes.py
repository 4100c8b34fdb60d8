"""Lanes of host threads: NVTX ranges, the thread's own work, API calls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.numbering import number_ids
from timeline.intervals import Int64
from timeline.tiles.layout import Group, Lane, Row
from timeline.tiles.source import Source
from timeline.trace import Trace

__all__ = ["host_groups"]

_WORK = "host_work"
_LANES = (("NVTX", "ranges", "range"), ("own work", "ranges", "host_work"))
_CALLS = ("API calls", "calls", "call")


def host_groups(source: Source) -> list[Group]:
    """One group a thread, in the order of their first rows."""
    trace = source.trace
    codes, threads = _threads(trace)
    work = _of_category(trace, _WORK)
    # A range's group: its thread, and whether it is the thread's own work.
    ranges = source.add("ranges", codes["ranges"] * 2 + work)
    calls = source.add("calls", codes["calls"])
    groups = []
    for number, (process, thread) in enumerate(threads):
        lanes = [
            Lane(f"host{process}.{thread}/{label}", label, table, look, _rows(tracks))
            for (label, table, look), tracks in (
                (_LANES[0], ranges.get(2 * number)),
                (_LANES[1], ranges.get(2 * number + 1)),
                (_CALLS, calls.get(number)),
            )
            if tracks
        ]
        name = "host thread" if len(threads) == 1 else f"host thread {number + 1}"
        groups.append(Group(name, tuple(lanes)))
    return [group for group in groups if group.lanes]


def _rows(tracks: list[int] | None) -> tuple[Row, ...]:
    return tuple(Row((number,)) for number in tracks or ())


def _of_category(trace: Trace, category: str) -> npt.NDArray[np.bool_]:
    names = trace.names("ranges", "category")
    code = names.index(category) if category in names else -2
    return np.asarray(trace.column("ranges", "category") == code)


def _threads(trace: Trace) -> tuple[dict[str, Int64], list[tuple[int, int]]]:
    """Of each table the number of each row's thread, and the threads by number."""
    tables = ("calls", "ranges")
    process, thread = (
        np.concatenate([trace.column(table, name) for table in tables]).astype(np.int64)
        for name in ("process", "thread")
    )
    own = number_ids(thread)
    codes = number_ids(number_ids(process) * (int(own.max(initial=0)) + 1) + own)
    count = int(codes.max(initial=-1)) + 1
    first = np.full(count, len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    rank = np.argsort(np.argsort(first))
    codes = rank[codes] if count else codes
    places = np.sort(first).tolist()
    split = trace.rows("calls")
    pairs = [(int(process[place]), int(thread[place])) for place in places]
    return {"calls": codes[:split], "ranges": codes[split:]}, pairs
