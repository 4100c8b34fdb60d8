"""In-kernel stamps as a table: which launch each belongs to, on the trace's clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.backends.cuda.alignment import Alignment
from timeline.backends.cuda.clock import kernels_named
from timeline.backends.cuda.stamps import Region, Stamped
from timeline.backends.cuda.windows import Window, starts_inside
from timeline.trace import table
from timeline.trace.model import column_values

__all__ = ["Matched", "match", "stamp_table", "worst_outside_ns"]

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matched:
    """Stamps of one launch, and the activity that is the launch."""

    stamped: Stamped
    correlation: int
    start: int
    end: int


def match(
    activities: pa.Table, found: Sequence[Stamped], windows: Sequence[Window]
) -> tuple[list[Matched], int]:
    """Find the activity of each stamped launch, repeat by repeat.

    The k-th launch of a kernel in a stream is the k-th activity of that name there, as a stream
    runs in order; for the nodes of a graph, whose streams are the graph's own, the k-th of that
    name anywhere. A node that was replayed more than once holds the stamps of its last replay.

    Returns
    -------
    list of Matched, int
        And how many launches could not be told apart.
    """
    groups: dict[tuple[int, str, int, int], list[Stamped]] = defaultdict(list)
    for stamped in found:
        region = stamped.region
        stream = -1 if region.graph else region.stream
        device = region.op.stream.device
        groups[(stamped.repeat, region.symbol, device, stream)].append(stamped)
    matched: list[Matched] = []
    lost = 0
    for (repeat, symbol, device, stream), members in groups.items():
        window = windows[repeat]
        rows = kernels_named(activities, symbol)
        rows &= column_values(activities, "device") == device
        rows &= starts_inside(activities, [(window.start, window.end)])
        if stream >= 0:
            rows &= column_values(activities, "stream") == stream
        start, end = _column(activities, "start", rows), _column(activities, "end", rows)
        correlation = _column(activities, "correlation", rows)
        order = np.argsort(start, kind="stable")
        if stream < 0 and len(order) % len(members) == 0:
            order = order[len(order) - len(members) :]
        if len(order) != len(members):
            lost += len(members)
            continue
        for stamped, i in zip(members, order, strict=True):
            matched.append(Matched(stamped, int(correlation[i]), int(start[i]), int(end[i])))
    return matched, lost


def _column(activities: pa.Table, name: str, rows: npt.NDArray[np.bool_]) -> Int64:
    values: Int64 = column_values(activities, name)[rows]
    return values


def stamp_table(matched: Sequence[Matched], clocks: Mapping[int, Alignment]) -> pa.Table:
    """The ``stamps`` table, on the collector's clock."""
    parts = [_rows(m, clocks[m.stamped.region.op.stream.device]) for m in matched]
    parts = [part for part in parts if part.num_rows]
    return pa.concat_tables(parts) if parts else table("stamps", {}, 0)


def _rows(matched: Matched, clock: Alignment) -> pa.Table:
    stamps, region = matched.stamped.stamps, matched.stamped.region
    count = len(stamps)
    return table(
        "stamps",
        {
            "correlation": np.full(count, matched.correlation, np.int64),
            "device": np.full(count, region.op.stream.device, np.int32),
            "block": stamps["block"].astype(np.int32),
            "sm": stamps["sm"].astype(np.int32),
            "role": _roles(stamps, region),
            "tile": stamps["tile"].astype(np.int32),
            "start": stamps["start"].astype(np.int64) + clock.offset_ns,
            "end": stamps["end"].astype(np.int64) + clock.offset_ns,
        },
        count,
    )


def _roles(stamps: npt.NDArray[np.void], region: Region) -> pa.Array:
    names = region.op.kernel.stamp_roles
    codes = np.minimum(stamps["role"], len(names) - 1).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(names)))


def worst_outside_ns(matched: Sequence[Matched], clocks: Mapping[int, Alignment]) -> int:
    """How far an aligned stamp lies outside its kernel at most, ns; a check of the alignment."""
    worst = 0
    for m in matched:
        if len(m.stamped.stamps):
            offset = clocks[m.stamped.region.op.stream.device].offset_ns
            first = int(m.stamped.stamps["start"].min()) + offset
            last = int(m.stamped.stamps["end"].max()) + offset
            worst = max(worst, m.start - first, last - m.end)
    return worst
