"""Runs a scenario: when everything in it happens."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from timeline.engines import D2H, ENGINES, H2D
from timeline.errors import TraceError
from timeline.intervals import Int64
from timeline.whatif.chains import chains
from timeline.whatif.engine import Engine
from timeline.whatif.lifting.sharing import FULL
from timeline.whatif.orders import Orders
from timeline.whatif.scenario import Scenario

__all__ = ["Schedule", "replay"]

_ENGINE, _HANDOVER, _ARRIVAL = range(3)
_NOTHING = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Schedule:
    """Times of a replay, ns of trace time.

    Attributes
    ----------
    starts, ends : numpy.ndarray of int64, shape (n,)
        Of the activities.
    call_starts, call_ends : numpy.ndarray of int64, shape (m,)
        Of the calls.
    """

    starts: Int64
    ends: Int64
    call_starts: Int64
    call_ends: Int64

    @property
    def makespan_ns(self) -> int:
        """From the first activity's start to the last one's end, ns."""
        return int(self.ends.max() - self.starts.min()) if len(self.ends) else 0


def replay(scenario: Scenario) -> Schedule:
    """Run it; the same scenario gives the same times.

    Raises
    ------
    TraceError
        When parts of it wait for each other.
    """
    contracted = chains(scenario)
    run = _Run(scenario, contracted.orders)
    run.run()
    at = np.array(run.at, np.int64)
    points = at[contracted.heads[: scenario.origin]] + contracted.offsets[: scenario.origin]
    count = 2 * len(scenario.activities)
    return Schedule(points[0:count:2], points[1:count:2], points[count::2], points[count + 1 :: 2])


def _oppose(engines: list[Engine]) -> None:
    """Let the two directions of copies of a device know of each other."""
    for first in range(0, len(engines), len(ENGINES)):
        here, there = first + ENGINES.index(H2D), first + ENGINES.index(D2H)
        if len(engines) > max(here, there):
            engines[here].opposite, engines[there].opposite = there, here


class _Run:
    """The event queue: arrivals at engines, and what engines finish."""

    def __init__(self, scenario: Scenario, orders: Orders) -> None:
        acts = scenario.activities
        points = scenario.gate + 1
        turn = np.argsort(orders.sources, kind="stable")
        first = np.searchsorted(orders.sources[turn], np.arange(points + 1))
        self._first: list[int] = first.tolist()
        self._targets: list[int] = orders.targets[turn].tolist()
        self._lags: list[int] = orders.lags[turn].tolist()
        self._pending: list[int] = np.bincount(orders.targets, minlength=points).tolist()
        begin = scenario.work.window.start_ns
        self._begin = begin
        self.at: list[int] = [-(1 << 62)] * points
        self._count = len(acts)
        self._group: list[int] = acts.groups.tolist()
        self._work: list[float] = acts.work_ns.tolist()
        self._share: list[float] = acts.shares.tolist()
        self._load: list[float] = acts.loads.tolist()
        self._early: list[float] = acts.early_ns.tolist()
        self._handover: list[int] = acts.handover_ns.tolist()
        self._rank: list[int] = acts.ranks.tolist()
        self._meets: list[int] = acts.meets.tolist()
        self._missing = dict(enumerate(np.bincount(acts.meets[acts.meets >= 0]).tolist()))
        self._met: dict[int, list[int]] = {number: [] for number in self._missing}
        self._engines = [Engine(begin) for _ in range(int(acts.groups.max(initial=-1)) + 1)]
        self._duplex = scenario.duplex
        _oppose(self._engines)
        self._queue: list[tuple[int, int, int, int]] = []

    def run(self) -> None:
        """Until nothing is left."""
        queue, engines, groups = self._queue, self._engines, self._group
        self._begin_all()
        while queue:
            time, what, item, version = heappop(queue)
            if what == _ENGINE:
                engine = engines[item]
                if engine.version == version:
                    self._next(engine, item, time)
                continue
            group = groups[item]
            engine = engines[group]
            if what == _HANDOVER:
                self._start(engine, item, time)
            elif engine.waiting or engine.taken > FULL:
                heappush(engine.waiting, (self._rank[item], item))
                if engine.taken > FULL:
                    continue
                self._admit(engine, time, item)
            else:
                engine.taken += self._share[item]
                self._start(engine, item, time)
            self._schedule(engine, group)
        left = sum(1 for count in self._pending if count > 0)
        if left:
            raise TraceError(f"{left} points of the schedule wait for each other in a circle")

    def _begin_all(self) -> None:
        """Settle what waits for nothing."""
        twice = 2 * self._count
        free = [p for p, left in enumerate(self._pending) if not left and not p & 1]
        for point in free:
            if point < twice:
                self._arrive(point, self._begin)
            else:
                self._settle(point, self._begin)

    def _settle(self, point: int, time: int) -> None:
        """The time of a point is known: so are those that waited for it alone."""
        at, first = self.at, self._first
        at[point] = time
        edge, last = first[point], first[point + 1]
        if edge == last:
            return
        targets, lags, pending, twice = self._targets, self._lags, self._pending, 2 * self._count
        stack = list[int]()
        while True:
            while edge < last:
                target = targets[edge]
                arrives = time + lags[edge]
                if arrives > at[target]:
                    at[target] = arrives
                left = pending[target] - 1
                pending[target] = left
                if not left:
                    if target < twice:
                        self._arrive(target, at[target])
                    else:
                        stack.append(target)
                edge += 1
            if not stack:
                return
            point = stack.pop()
            time, edge, last = at[point], first[point], first[point + 1]

    def _arrive(self, point: int, time: int) -> None:
        place = point >> 1
        if self._group[place] >= 0:
            heappush(self._queue, (time, _ARRIVAL, place, 0))
            return
        self._settle(point, time)
        self._settle(point + 1, time + round(self._work[place]))

    def _admit(self, engine: Engine, time: int, arrived: int) -> None:
        """Give room to those that wait, in order."""
        waiting = engine.waiting
        while waiting and engine.taken <= FULL:
            place = heappop(waiting)[1]
            engine.taken += self._share[place]
            handover = 0 if place == arrived else self._handover[place]
            if handover:
                heappush(self._queue, (time + handover, _HANDOVER, place, 0))
            else:
                self._start(engine, place, time)

    def _start(self, engine: Engine, place: int, time: int) -> None:
        """Let it run; the engine's next event is still to be foreseen."""
        engine.advance(time)
        if not engine.running and engine.opposite >= 0:
            self._pace(engine.opposite, time, self._duplex[engine.opposite])
        if self._meets[place] >= 0:
            self._meet(engine, place, time)
        else:
            engine.start(place, self._load[place], self._work[place], self._early[place])
        self._settle(2 * place, time)

    def _meet(self, engine: Engine, place: int, time: int) -> None:
        """A part of a collective has started: the last one lets all of them get on."""
        number = self._meets[place]
        engine.hold(place, self._load[place])
        self._met[number].append(place)
        self._missing[number] -= 1
        if self._missing[number]:
            return
        for each in self._met[number]:
            group = self._group[each]
            self._engines[group].advance(time)
            self._engines[group].release(each, self._work[each], self._early[each])
            self._schedule(self._engines[group], group)

    def _schedule(self, engine: Engine, group: int) -> None:
        """Foresee the engine's next event, in place of the one that was foreseen before."""
        version = engine.version = engine.version + 1
        due = engine.next_time()
        if due is not None:
            heappush(self._queue, (due, _ENGINE, group, version))

    def _pace(self, group: int, time: int, pace: float) -> None:
        """The other direction began or ended."""
        engine = self._engines[group]
        engine.advance(time)
        engine.pace = pace
        if engine.running:
            self._schedule(engine, group)

    def _next(self, engine: Engine, group: int, time: int) -> None:
        """An activity makes room, or ends."""
        engine.advance(time)
        place, ended = engine.happen()
        if not ended or self._early[place] <= 0:
            taken = engine.taken - self._share[place]
            engine.taken = taken if taken > _NOTHING else 0.0
        if ended:
            if not engine.running and engine.opposite >= 0:
                self._pace(engine.opposite, time, 1.0)
            self._settle(2 * place + 1, time)
        if engine.waiting:
            self._admit(engine, time, -1)
        self._schedule(engine, group)
