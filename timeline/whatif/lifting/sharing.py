"""What sharing an engine did to a recorded schedule: read out of it, so that it can be undone.

What runs on an engine keeps the part of it that it got; who came later gets what is left, and more
as the others end. The next one begins as soon as there is any room, and an activity makes room when
it ends, or earlier: as the last blocks of a kernel run, those of the next one move in. When that
was is read from the recording, so that everything finds room that did find it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64

__all__ = ["FULL", "LEAST_PACE", "WHOLE", "Pace", "Sharing", "shared"]

Float64 = npt.NDArray[np.float64]
Pace = Callable[[Int64], Float64]
"""Recorded time to the time that would have passed, had nothing outside slowed the engine."""

FULL = 1.0 - 1e-9
"""From here on an engine has no room."""

WHOLE = 1.0 + 1e-9
"""Up to here all that runs on an engine runs at full pace."""

LEAST_PACE = 0.01
"""Of what came last, where the others leave it less: something of it runs, or it would not have
started."""

_LONGEST_HANDOVER_NS = 10_000
_NO_WAIT = -1


@dataclass(frozen=True, eq=False, slots=True)
class Sharing:
    """Of the activities of one engine, each column of shape (n,).

    Attributes
    ----------
    work_ns : numpy.ndarray of float64
        How long each takes with the engine for itself.
    early_ns : numpy.ndarray of float64
        Work that was left when it made room.
    handover_ns : numpy.ndarray of int64
        From when there was room until it started, or -1 where it did not wait for room.
    """

    work_ns: Float64
    early_ns: Float64
    handover_ns: Int64


def shared(
    starts: Int64,
    ends: Int64,
    shares: Float64,
    loads: Float64,
    ready: Int64,
    begun: Int64,
    pace: Pace | None = None,
) -> Sharing:
    """Read it from the recorded starts and ends, given when each was ready to start.

    All of shape (n,), by start.

    Parameters
    ----------
    begun : numpy.ndarray of int64
        From when on each worked: its start, or later, before its end, where it waited for others.
    """
    own_time = pace or _as_is
    alone = _one_at_a_time(starts, ends, ready, begun, own_time)
    return (
        alone
        if alone is not None
        else _Sweep(starts, ends, shares, loads, ready, begun, own_time).run()
    )


def _as_is(times: Int64) -> Float64:
    return times.astype(np.float64)


def _one_at_a_time(
    starts: Int64, ends: Int64, ready: Int64, begun: Int64, own_time: Pace
) -> Sharing | None:
    """The same at once where no two ran together."""
    if bool((starts[1:] < ends[:-1]).any()):
        return None
    handover = np.full(len(starts), _NO_WAIT, np.int64)
    gap = starts[1:] - ends[:-1]
    waited = (ready[1:] < ends[:-1]) & (gap <= _LONGEST_HANDOVER_NS)
    handover[1:][waited] = gap[waited]
    return Sharing(own_time(ends) - own_time(begun), np.zeros(len(starts)), handover)


class _Sweep:
    """One pass over starts and ends in order of time."""

    def __init__(
        self,
        starts: Int64,
        ends: Int64,
        shares: Float64,
        loads: Float64,
        ready: Int64,
        begun: Int64,
        own_time: Pace,
    ) -> None:
        count = len(starts)
        late = np.flatnonzero(begun > starts)
        self._starts: list[int] = starts.tolist()
        self._ends: list[int] = ends.tolist()
        self._own_starts: list[float] = own_time(starts).tolist()
        self._own_ends: list[float] = own_time(ends).tolist()
        self._shares: list[float] = shares.tolist()
        self._loads: list[float] = loads.tolist()
        self._ready: list[int] = ready.tolist()
        own_begun = own_time(begun[late]).tolist()
        self._own_begun: dict[int, float] = dict(zip(late.tolist(), own_begun, strict=True))
        items = np.concatenate((np.arange(2 * count), late + 2 * count))
        times = np.concatenate((ends, starts, begun[late]))
        # At one time: ends, starts, and the ends of what has just started and takes no time.
        order = np.concatenate((np.where(starts == ends, 2, 0), np.ones(count + len(late))))
        self._turn: list[int] = items[np.lexsort((order, times))].tolist()
        self._at, self._filled, self._taken = 0.0, 0.0, 0.0
        self._full_pace: dict[int, float] = {}  # since when, less what was done before
        self._later: dict[int, float] = {}  # what came later: what was done so far
        self._holding: dict[int, None] = {}
        self._room_at: list[int] = []  # when room was made, and how much had been taken before
        self._before: list[float] = []
        self._done_at_room = [-1.0] * count
        self._idle: dict[int, float] = {}  # what would have been done while it waited for others

    def run(self) -> Sharing:
        """Sweep; the sums are exact as long as nothing slows down."""
        count = len(self._starts)
        work, handover = [0.0] * count, [_NO_WAIT] * count
        for item in self._turn:
            if item < count:
                self._advance(self._own_ends[item])
                work[item] = self._end(item)
            elif item >= 2 * count:
                place = item - 2 * count
                self._advance(self._own_begun[place])
                self._idle[place] = self._done(place)
            else:
                place = item - count
                self._advance(self._own_starts[place])
                handover[place] = self._begin(place)
        early = [
            whole - done if done >= 0 else 0.0
            for whole, done in zip(work, self._done_at_room, strict=True)
        ]
        for place, idle in self._idle.items():
            work[place] -= idle
        return Sharing(np.array(work), np.clip(early, 0.0, work), np.array(handover, np.int64))

    def _advance(self, time: float) -> None:
        passed, left = time - self._at, 1.0 - self._filled
        for place in self._later:
            self._later[place] += passed * max(left / self._loads[place], LEAST_PACE)
            left = 0.0
        self._at = time

    def _done(self, place: int) -> float:
        since = self._full_pace.get(place)
        return self._later[place] if since is None else self._at - since

    def _begin(self, place: int) -> int:
        """Start an activity; returns how long after there was room for it, or -1."""
        start = self._starts[place]
        while self._holding and self._taken > FULL:
            first = min(self._holding, key=lambda other: self._ends[other])
            self._done_at_room[first] = self._done(first)
            self._make_room(first, start)
        waited = self._waited(start, self._ready[place])
        self._holding[place] = None
        self._taken += self._shares[place]
        self._later[place] = 0.0
        self._promote()
        return waited

    def _end(self, place: int) -> float:
        done = self._done(place)
        if place in self._full_pace:
            del self._full_pace[place]
            self._filled = self._filled - self._loads[place] if self._full_pace else 0.0
        else:
            del self._later[place]
        if place in self._holding:
            self._make_room(place, self._ends[place])
        self._promote()
        return done

    def _promote(self) -> None:
        """Let run at full pace what came later, in its turn, as far as it fits."""
        while self._later:
            place = next(iter(self._later))
            if self._filled + self._loads[place] > WHOLE:
                return
            self._filled += self._loads[place]
            self._full_pace[place] = self._at - self._later.pop(place)

    def _make_room(self, place: int, time: int) -> None:
        self._room_at.append(time)
        self._before.append(self._taken)
        del self._holding[place]
        self._taken = self._taken - self._shares[place] if self._holding else 0.0

    def _waited(self, start: int, ready: int) -> int:
        """Time since the last room was made while there was none."""
        after = bisect_right(self._room_at, ready)
        for turn in range(len(self._room_at) - 1, after - 1, -1):
            gap = start - self._room_at[turn]
            if gap > _LONGEST_HANDOVER_NS:
                return _NO_WAIT
            if self._before[turn] > FULL:
                return gap
        return _NO_WAIT
