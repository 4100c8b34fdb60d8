"""Measuring one rank: what runs in a process of the pool, or on a worker of a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from timeline.analysis import Work, bound, copies, devices, work_of
from timeline.errors import TimelineError
from timeline.formats import ImportOptions, is_foreign, open_trace
from timeline.ranks.places import fetched, rank_in
from timeline.ranks.summary import Anchors, DeviceFigures, RankSummary
from timeline.trace import Trace

__all__ = ["measure", "summarise"]

Int64 = npt.NDArray[np.int64]

_TABLES = ("activities", "ranges", "syncs", "events", "streams")
_MOST_ANCHORS = 4096
_COLLECTIVE = re.compile(
    r"(?i)(?!.*sendrecv)(nccl|rccl|msccl).*(reduce|gather|broadcast|alltoall|scatter)"
    r"|all_?reduce|all_?gather|reduce_?scatter|all_?to_?all"
)
"""Kernels that run on all ranks of a group and end together."""
_LOOKED_AT = 2048
"""Characters of a name; a hostile one may have millions, and the time grows with their square."""


def measure(place: str, *, lenient: bool = False) -> RankSummary:
    """Read the trace at a place and summarise it.

    Parameters
    ----------
    place : str
        A path or an fsspec address.
    lenient : bool
        Keep what is sound of a damaged file; a file that can't be read at all becomes a summary
        with its failure.

    Raises
    ------
    TimelineError
        When it can't be read, unless ``lenient``.
    """
    options = ImportOptions(lenient=lenient)
    try:
        with fetched(place, options.limits.file_bytes) as path:
            trace = _opened(path, options)
            return summarise(trace, place)
    except TimelineError as error:
        if not lenient:
            raise
        return RankSummary(rank_in(place), place, failure=str(error))


def _opened(path: Path, options: ImportOptions) -> Trace:
    """The tables that are read here; of a native trace no others."""
    if is_foreign(path):
        return open_trace(path, options)
    return Trace.load(path, tables=_TABLES, limits=options.limits)


def summarise(trace: Trace, place: str) -> RankSummary:
    """Summarise a trace that has been read; ``place`` is what the rank is called by."""
    told = trace.meta.labels.get("rank")
    works = [work_of(trace, device) for device in devices(trace)]
    return RankSummary(
        rank=told if isinstance(told, int) else rank_in(place),
        place=place,
        devices=tuple(_figures(work) for work in works),
        anchors=_anchors(trace, works),
        notes=tuple(dict.fromkeys((*trace.meta.missing(), *trace.meta.notes))),
        missing=trace.meta.missing(),
    )


def _figures(work: Work) -> DeviceFigures:
    copied = copies(work)
    return DeviceFigures(
        device=work.device,
        activities=len(work.rows),
        makespan_ns=work.window.length_ns,
        busy_ns={engine: work.busy_ns(engine) for engine in work.engines},
        busy_any_ns=work.busy_ns(*work.engines),
        copy_ns=copied.copy_ns,
        hidden_copy_ns=copied.hidden_ns,
        bound_ns=bound(work).bound_ns,
    )


def _anchors(trace: Trace, works: list[Work]) -> Anchors:
    epoch = trace.meta.epoch_ns
    names = trace.names("activities", "name")
    collective = np.array(
        [*(bool(_COLLECTIVE.search(name, 0, _LOOKED_AT)) for name in names), False]
    )
    rows = max((_collectives(work, collective) for work in works), key=len, default=_NO_ROWS)
    rows = rows[:_MOST_ANCHORS]
    codes = trace.column("activities", "name")[rows]
    return Anchors(
        collectives=tuple(names[code] for code in codes.tolist()),
        starts=trace.column("activities", "start")[rows] + epoch,
        ends=trace.column("activities", "end")[rows] + epoch,
        ranges=_first_starts(trace, epoch),
        first=trace.span[0] + epoch if trace.rows("activities") else None,
    )


_NO_ROWS = np.zeros(0, np.int64)


def _collectives(work: Work, collective: npt.NDArray[np.bool_]) -> Int64:
    return np.asarray(work.rows[collective[work.column("name")]])


def _first_starts(trace: Trace, epoch: int) -> Mapping[str, int]:
    """First start of each range, of the names that come first."""
    names, codes = trace.names("ranges", "name"), trace.column("ranges", "name")
    start = trace.column("ranges", "start")
    order = np.argsort(start, kind="stable")
    found, first = np.unique(codes[order], return_index=True)
    earliest = sorted(zip(start[order][first].tolist(), found.tolist(), strict=True))
    return {names[code]: time + epoch for time, code in earliest[:_MOST_ANCHORS] if code >= 0}
