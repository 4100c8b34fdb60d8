"""Lanes of what held others back: the legacy default stream, and calls that waited for a device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.analysis import barriers, host_waits, work_of
from timeline.analysis.work import Work
from timeline.intervals import Int64
from timeline.tiles.layout import Lane, Row
from timeline.tiles.source import Source
from timeline.trace import Trace

__all__ = ["NO_WAITS", "WAITS", "Waits", "orders_streams", "wait_lane"]

Int32 = npt.NDArray[np.int32]

WAITS = "waits"
"""Name of the computed table."""

_CALLS = {
    "malloc": "cudaMalloc waited for the device",
    "free": "cudaFree waited for the device",
    "device_synchronize": "the host waited for the device",
}
_HELD = "held by the legacy default stream"
_INTO = "work in the legacy default stream waited"
_WORDS = [_HELD, _INTO, *_CALLS.values()]
_CODES = {kind: _WORDS.index(words) for kind, words in _CALLS.items()}


@dataclass(frozen=True, eq=False, slots=True)
class Waits:
    """Who waited for whom.

    Attributes
    ----------
    waiting, waited_for : (n,) int64
        Rows of ``activities`` of each wait, -1 where it is none.
    """

    waiting: Int64
    waited_for: Int64

    def and_(self, other: Waits) -> Waits:
        """Both, one after the other."""
        return Waits(
            np.concatenate((self.waiting, other.waiting)),
            np.concatenate((self.waited_for, other.waited_for)),
        )


NO_WAITS = Waits(np.zeros(0, np.int64), np.zeros(0, np.int64))


def wait_lane(source: Source, device: int, before: Waits) -> tuple[Lane | None, Waits]:
    """The lane of a device's waits, None without any, and the waits after those ``before``."""
    if not (_waits_of_host(source.trace) or _has_legacy_stream(source.trace)):
        return None, before
    codes, starts, ends, found = _waits(work_of(source.trace, device))
    if not len(codes):
        return None, before
    rows = np.arange(len(codes)) + len(before.waiting)
    numbers = source.add_spans(WAITS, starts, ends, codes, pa.array(_WORDS, pa.string()), rows)
    lanes = tuple(Row((number,)) for number in numbers)
    return Lane(f"gpu{device}/barriers", "barriers", WAITS, "barrier", lanes), before.and_(found)


def orders_streams(trace: Trace) -> bool:
    """Whether anything in a trace can have made one stream wait for another."""
    return _has_legacy_stream(trace) or "stream_wait_event" in trace.names("syncs", "kind")


def _has_legacy_stream(trace: Trace) -> bool:
    return "legacy" in trace.names("streams", "kind")


def _waits_of_host(trace: Trace) -> bool:
    return bool(trace.rows("syncs") or trace.rows("allocs"))


def _waits(work: Work) -> tuple[Int32, Int64, Int64, Waits]:
    """Codes of their words, starts and ends in trace time, ns, and who waited for whom."""
    legacy, host = barriers(work), host_waits(work)
    kinds = np.array([_CODES.get(kind, -1) for kind in host.kinds], np.int32)
    of_host = np.flatnonzero((kinds >= 0) & (host.waited_for >= 0))
    codes, starts, ends = kinds[of_host], host.starts[of_host], host.ends[of_host]
    found = Waits(np.full(len(of_host), -1), work.rows[host.waited_for[of_host]])
    if legacy is None:
        return codes, starts, ends, found
    words = np.where(legacy.into_legacy, _WORDS.index(_INTO), _WORDS.index(_HELD))
    return (
        np.concatenate((words.astype(np.int32), codes)),
        np.concatenate((legacy.starts, starts)),
        np.concatenate((legacy.ends, ends)),
        Waits(legacy.waiting, legacy.waited_for).and_(found),
    )
