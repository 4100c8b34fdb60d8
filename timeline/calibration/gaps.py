"""Latencies of the device: from the end of one activity to the start of the next of its stream."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.calibration.frame import Activities, Frame, running
from timeline.calibration.observations import Observations
from timeline.intervals import Int64

__all__ = ["observe_gaps"]

COPIES = ("H2D", "D2H", "P2P")
WAITED_NS = 20_000
"""A copy whose stream was done so long before another copy's end waited for the engine alone."""

Bools = npt.NDArray[np.bool_]


def observe_gaps(frame: Frame, found: Observations) -> None:
    """Gaps between neighbours in a stream, the later of which was waiting when the earlier ended.

    Left out are neighbours with an event, an allocation or anything else between them, those of
    graphs and of programmatic dependent launch, and those whose engine was busy with others.
    """
    a, other = frame.activities, frame.calls.other
    first, second = _neighbours(frame)
    if not len(first):
        return
    plain = other[a.call[first]] == other[a.call[second]]
    issued = frame.calls.end[a.call[second]]
    first, second = (rows[plain & (issued < a.end[first])] for rows in (first, second))
    gap = a.start[second] - a.end[first]
    before, after = a.kind[first], a.kind[second]
    same = before == after
    on_sms, to_copy = after == "SM", np.isin(after, COPIES)
    free = (gap >= 0) & _engine_free(a, first, second)
    copied = np.isin(before, COPIES)
    for quantity, chosen in (
        ("gaps.kernel", same & on_sms),
        ("gaps.to_copy", ~same & to_copy & (before != "HOST")),
        ("gaps.from_copy", copied & on_sms),
        ("gaps.copy_copy", same & to_copy),
    ):
        found.add(quantity, gap[chosen & free])
    _observe_engine_gaps(a, first, second, found)


def _observe_engine_gaps(a: Activities, first: Int64, second: Int64, found: Observations) -> None:
    """Between two copies on one engine, of different streams, the later of which was waiting."""
    for device in np.unique(a.device):
        for kind in COPIES:
            rows = np.flatnonzero((a.device == device) & (a.kind == kind))
            rows = rows[np.argsort(a.start[rows], kind="stable")]
            ready = np.full(len(a.start), np.iinfo(np.int64).max)
            ready[second] = a.end[first]
            before, after = rows[:-1], rows[1:]
            waited = ready[after] < a.end[before] - WAITED_NS
            other = (a.stream[before] != a.stream[after]) & (a.repeat[before] == a.repeat[after])
            gap = (a.start[after] - a.end[before])[waited & other]
            found.add("copy.engine_gap_ns", gap[gap >= 0])


def _neighbours(frame: Frame) -> tuple[Int64, Int64]:
    """Rows of activities that follow each other in a stream and in a repeat, both issued alone."""
    a = frame.activities
    earlier, later = np.arange(len(a.start) - 1), np.arange(1, len(a.start))
    alike = np.ones(len(earlier), np.bool_)
    for column in (a.device, a.stream, a.repeat):
        alike &= column[earlier] == column[later]
    known = (a.call >= 0) & a.plain & (a.kind != "") & (a.repeat >= 0)
    alike &= known[earlier] & known[later]
    threads = frame.calls.thread
    if len(threads):
        alike &= threads[a.call[earlier]] == threads[a.call[later]]
    return earlier[alike], later[alike]


def _engine_free(a: Activities, first: Int64, second: Int64) -> Bools:
    """Whether nothing else ran on the second one's engine between the two."""
    free = np.ones(len(first), np.bool_)
    for device in np.unique(a.device):
        for kind in ("SM", "HOST", *COPIES):
            on = (a.device == device) & (a.kind == kind)
            rows = np.flatnonzero((a.device[second] == device) & (a.kind[second] == kind))
            beside = running(a.start[on], a.end[on], a.end[first[rows]], a.start[second[rows]])
            free[rows] = beside == 0
    return free
