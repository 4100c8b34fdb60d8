"""The host: what calls cost, what they wait for, and what lies between them."""

from __future__ import annotations

import numpy as np

from timeline.calibration.frame import COPIES, LAUNCHES, Frame
from timeline.calibration.observations import Observations
from timeline.intervals import Int64
from timeline.trace import Trace

__all__ = ["observe_allocations", "observe_host"]

WAITING = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
STEADY = (
    "cudaMemsetAsync",
    "cudaEventRecord",
    "cudaStreamWaitEvent",
    "cudaLaunchHostFunc",
    "cudaMemPoolSetAttribute",
    "cudaFreeAsync",
)
"""Calls that never wait and cost about the same each time."""


def observe_host(frame: Frame, found: Observations) -> None:
    """Costs of calls, the time between calls, and the latencies around waiting."""
    c, a = frame.calls, frame.activities
    length, inside = c.end - c.start, c.repeat >= 0
    ends = np.sort(a.end)
    for name in STEADY:
        found.add(f"host.calls.{name}", length[inside & (c.name == name)])
    found.add("host.calls.cuLaunchKernelEx", length[inside & np.isin(c.name, LAUNCHES)])
    _observe_graph_calls(frame, found)
    _observe_copy_calls(frame, found)
    _observe_between(frame, found)
    last = _last_end(ends, c.end)
    for name in WAITING:
        rows = inside & (c.name == name)
        idle = rows & (last <= c.start)
        found.add(f"host.calls.{name}", length[idle])
        waited = rows & (last > c.start)
        found.add("host.wake_ns", (c.end - last)[waited])
    _observe_submit(frame, found)


def _last_end(ends: Int64, times: Int64) -> Int64:
    """The last of the sorted ``ends`` at or before each time; far in the past where none is."""
    place = np.searchsorted(ends, times, side="right") - 1
    far = np.iinfo(np.int64).min // 2
    return np.where(place >= 0, ends[np.maximum(place, 0)] if len(ends) else far, far)


def _observe_graph_calls(frame: Frame, found: Observations) -> None:
    """Launches of graphs, by the activities that each brought about."""
    c, a = frame.calls, frame.activities
    nodes = np.bincount(a.call[a.call >= 0], minlength=len(c.name))
    rows = (c.repeat >= 0) & (c.name == "cudaGraphLaunch") & (nodes > 0)
    found.add("host.graph_node_ns", (c.end - c.start)[rows], nodes[rows])


def _observe_copy_calls(frame: Frame, found: Observations) -> None:
    """Calls of asynchronous copies; of pageable memory, how long they hold the host."""
    c, a = frame.calls, frame.activities
    known = (a.call >= 0) & (a.copy != "") & (a.copy != "memset") & (a.repeat >= 0)
    rows = np.flatnonzero(known)
    call = a.call[rows]
    single = np.isin(c.name[call], COPIES)
    rows, call = rows[single], call[single]
    length, pageable = c.end[call] - c.start[call], a.pageable[rows]
    for name in COPIES:
        found.add(f"host.calls.{name}", length[~pageable & (c.name[call] == name)])
    idle = _last_end(np.sort(a.start), c.start[call])  # started before the call ...
    ended = np.array([(a.end[(a.start <= at)]).max(initial=at) for at in idle], np.int64)
    free = pageable & (ended <= c.start[call])  # ... and ended before it
    for copy, quantity in (("HtoD", "copy.pageable_h2d_ns"), ("DtoH", "copy.pageable_d2h_ns")):
        chosen = free & (a.copy[rows] == copy)
        found.add(quantity, length[chosen], a.bytes[rows][chosen])


def _observe_between(frame: Frame, found: Observations) -> None:
    """From the return of a call to the next one of its thread."""
    c = frame.calls
    alike = (c.thread[1:] == c.thread[:-1]) & (c.repeat[1:] == c.repeat[:-1]) & (c.repeat[1:] >= 0)
    gap = (c.start[1:] - c.end[:-1])[alike]
    found.add("host.between_ns", gap[gap >= 0])


def _observe_submit(frame: Frame, found: Observations) -> None:
    """From a call's return to the start of what it issued on an idle device.

    Only behind a synchronisation of its own repeat: until then a gate may hold the streams.
    """
    c, a = frame.calls, frame.activities
    rows = np.flatnonzero((a.call >= 0) & a.plain & (a.repeat >= 0) & ~a.pageable)
    call = a.call[rows]
    waits = np.isin(c.name, WAITING)
    behind = np.zeros(len(rows), np.bool_)
    for repeat in np.unique(c.repeat[waits]):
        first = c.end[waits & (c.repeat == repeat)].min()
        behind |= (c.repeat[call] == repeat) & (c.start[call] > first)
    latest = np.maximum.accumulate(a.end[np.argsort(a.start, kind="stable")])
    place = np.searchsorted(np.sort(a.start), a.start[rows], side="left") - 1
    idle = (place < 0) | (latest[np.maximum(place, 0)] <= c.start[call])
    chosen = behind & idle
    lag = a.start[rows] - c.end[call]
    found.add("gaps.submit", np.maximum(lag[chosen], 0))


def observe_allocations(trace: Trace, frame: Frame, found: Observations) -> None:
    """``cudaMalloc`` and ``cudaFree`` by size, without what they wait for; the pool's growth.

    A ``cudaFree`` that waited also took as long to wake up as the recording's synchronisations;
    where none of those waited, it is left out.
    """
    kind = trace.column("allocs", "kind")
    names = trace.names("allocs", "kind")
    start, end = trace.column("allocs", "start"), trace.column("allocs", "end")
    nbytes = trace.column("allocs", "bytes")
    last = _last_end(np.sort(frame.activities.end), end)
    wakes = found.of("host.wake_ns")[1]
    wake = float(np.median(wakes)) if len(wakes) else 0.0
    waited = last > start
    own = np.where(waited, end - last - wake, end - start)
    told = ~waited | (len(wakes) > 0)
    length = end - start
    for name, quantity, values, counts in (
        ("malloc", "host.malloc_ns", length, True),
        ("free", "host.free_ns", own, told),
    ):
        if name in names:
            rows = (kind == names.index(name)) & (nbytes > 0) & (length > 0) & counts
            found.add(quantity, np.maximum(values[rows], 0), nbytes[rows])
    if "malloc_async" in names:
        rows = np.flatnonzero((kind == names.index("malloc_async")) & (length > 0))
        reserved = trace.column("allocs", "pool_reserved")[rows]
        grown = np.diff(reserved, prepend=reserved[:1])
        found.add("host.calls.cudaMallocAsync", length[rows][grown <= 0])
        found.add("pool.grow_ns", length[rows][grown > 0], grown[grown > 0])
