"""All rows of a trace's picture, exact, or in buckets where there are too many bars."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from timeline.figures.cut import Cut
from timeline.figures.depth import depths
from timeline.figures.device_lanes import DeviceLanes
from timeline.figures.families import families
from timeline.figures.host_lanes import HostLanes
from timeline.figures.lane import Bars, Lane, Rows
from timeline.figures.launch import chosen_launch
from timeline.figures.levels import bucket_width, buckets, weighted
from timeline.figures.strips import Segments, hidden_copy_ratio
from timeline.trace import Trace

__all__ = ["MOST_BARS", "NOTABLE", "By", "rows_of"]

By = Literal["engine", "stream"]

NOTABLE = 20
"""Copies matter to a picture when they take more than this part of its time."""

MOST_BARS = 5_000
"""Bars of one picture; more than that, and a browser takes seconds to draw and to zoom them."""


def rows_of(
    trace: Trace,
    *,
    window: tuple[int, int] | None = None,
    repeat: int | None = None,
    by: By = "engine",
    host: bool = True,
    stamps: bool = True,
    kernel: str = "",
    sms: int = 0,
    known: tuple[str, ...] | None = None,
    most: int = MOST_BARS,
    clip: bool = False,
) -> Rows:
    """Lay out what a picture of ``trace`` shows.

    Parameters
    ----------
    window : (int, int), optional
        Trace time, ns: what touches it is shown, whole.
    repeat : int, optional
        Show that repeat of the Program alone.
    by : {"engine", "stream"}
        What the rows of a device stand for.
    host, stamps : bool
        Whether to show host threads and NVTX ranges, and spans inside kernels.
    kernel : str, optional
        Zoom in on one launch of the kernel with this in its name: that of median duration, in the
        repeat if given.
    sms : int
        SMs to show, from the first, with the roles of the blocks on each.
    known : tuple of str, optional
        Kernel families with shades of their own; by default those of this trace.
    most : int
        Bars above which lanes are summed up in buckets (:mod:`timeline.figures.levels`).
    clip : bool
        Leave out what lies outside the view, such as calls before the first activity.

    Raises
    ------
    UsageError
        For an empty window, a repeat that the trace doesn't have, or a kernel without stamps.
    """
    launch = chosen_launch(trace, kernel, repeat) if kernel else None
    if launch is not None:  # what ran meanwhile is shown too, but no other launch's stamps
        cut = Cut(trace, window or launch.view, None, launch.correlation)
    else:
        cut = Cut(trace, window, repeat)
    shown = families([trace]) if known is None else known
    on = [DeviceLanes(cut, device, shown) for device in _devices(cut)]
    lanes = [lane for device in on for lane in _device(device, by, stamps, sms)]
    if host:
        lanes += HostLanes(cut).lanes()
    first, last = cut.view
    if clip:
        lanes = [
            seen
            for lane in lanes
            if len((seen := _clipped(lane, first, last)).bars) or lane.computed
        ]
    return Rows(
        tuple(_fitted(lanes, most)),
        cut.view,
        launch.end - launch.start if launch is not None else _makespan(cut),
        _hidden(on[0].segments, last - first) if len(on) == 1 else None,
        shown,
    )


def _hidden(found: Segments, span_ns: int) -> float | None:
    return hidden_copy_ratio(found) if NOTABLE * found.copy_ns >= span_ns else None


def _devices(cut: Cut) -> list[int]:
    found: list[int] = np.unique(cut.trace.column("activities", "device")[cut.activities]).tolist()
    return found


def _makespan(cut: Cut) -> int:
    if not len(cut.activities):
        return 0
    start, end = (cut.trace.column("activities", c)[cut.activities] for c in ("start", "end"))
    return int(end.max() - start.min())


def _device(device: DeviceLanes, by: By, stamps: bool, sms: int) -> Iterator[Lane]:
    if len(device.segments.engines) > 1:
        yield device.busy_strip()
        yield device.overlap_strip()
    yield from device.engines() if by == "engine" else device.streams()
    if (barriers := device.barriers(legacy=by == "engine")) is not None:
        yield barriers
    if stamps:
        yield from device.stamps.roles()
    if sms:
        yield from device.stamps.sms(sms)


def _clipped(lane: Lane, first: int, last: int) -> Lane:
    bars = lane.bars
    seen = (bars.start < last) & ((bars.end > first) | (bars.start >= first))
    return dataclasses.replace(lane, bars=bars.take(seen))


def _fitted(lanes: Sequence[Lane], most: int) -> Iterator[Lane]:
    """Give overlapping bars their sub-rows; sum up long lanes when there are too many bars."""
    crowded = sum(len(lane.bars) for lane in lanes) > most
    share = max(most // max(len(lanes), 1), 64) if crowded else most
    for lane in lanes:
        if len(lane.bars) > share:
            yield _coarse(lane, share)
        elif lane.kind == "stamps" or (lane.computed and lane.label != "barriers"):
            yield lane
        else:
            depth = depths(lane.bars.start, lane.bars.end)
            yield dataclasses.replace(lane, bars=dataclasses.replace(lane.bars, depth=depth))


def _coarse(lane: Lane, share: int) -> Lane:
    bars = lane.bars
    width = bucket_width(int(bars.end.max() - bars.start.min()), share - 1)
    shades = _summed(lane.shades, width) if len(lane.shades) > share else lane.shades
    summed = _summed(bars, width)
    if lane.computed:  # disjoint segments whose heights count
        before, after = (
            weighted(bars.start, bars.end, bars.height, t) for t in (summed.start, summed.end)
        )
        summed = dataclasses.replace(summed, height=(after - before) / width)
    return dataclasses.replace(lane, bars=summed, shades=shades, bucket_ns=width)


def _summed(bars: Bars, width_ns: int) -> Bars:
    """One bar a bucket, as high as the part of it that was busy, in the looks of its longest."""
    found = buckets(bars.start, bars.end, width_ns)
    # Where nothing starts, the bar still running is the last one that started before.
    last = np.searchsorted(bars.start, found.start, side="right") - 1
    shown = np.where(found.longest >= 0, found.longest, last)
    return Bars(
        found.start,
        found.start + width_ns,
        bars.role[shown],
        bars.name[shown],
        bars.row[shown],
        np.zeros(len(shown), np.int32),
        found.busy_ns / width_ns,
        found.count,
        found.busy_ns,
        found.longest_ns,
    )
