"""Fair sharing of DRAM bandwidth and of SM arithmetic between what runs at the same time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heappush

from timeline.backends.sim.codes import SHIFT
from timeline.backends.sim.costs import Share, Sms, peak
from timeline.backends.sim.device_model import DeviceModel

__all__ = ["ROUNDING", "Flow", "paces"]

ROUNDING = 1e-6
"""ns: ends are rounded up to whole ns, but not for the error of a floating-point sum."""
REMEMBERED = 10_000
"""Sets of activities whose paces are kept."""


def paces(shares: Sequence[Share], model: DeviceModel) -> list[float]:
    """How many times as long as alone each takes, when all run together.

    Arithmetic is shared on the fullest SM: with A blocks that compute, it holds ceil(A / SMs) of
    them. Bandwidth is shared max-min fairly, in proportion to warps. Who wants less than its part
    of either leaves the rest to the others.
    """
    speed = [1.0] * len(shares)
    for sms in dict.fromkeys(s.sms for s in shares):
        _share_arithmetic(speed, shares, sms, model)
    users = [i for i, s in enumerate(shares) if s.demand]
    wants = [shares[i].demand * speed[i] for i in users]
    _slow_down(speed, users, wants, [shares[i].weight for i in users], peak(model))
    return [1.0 / v for v in speed]


def _share_arithmetic(
    speed: list[float], shares: Sequence[Share], sms: Sms | None, model: DeviceModel
) -> None:
    """Among those on the same SMs; warps that do none take their part of the turns."""
    mine = [i for i, s in enumerate(shares) if s.hungry and s.sms is sms]
    hungry = sum(shares[i].hungry for i in mine)
    count, taken = (sms.count, sms.taken) if sms else (model.sm.count, 0)
    if hungry <= count and not (taken and hungry):
        return
    deep = -(-hungry // count)
    rate = model.sm.flops_per_ns * hungry / deep
    if taken:
        warps = sum(shares[i].weight for i in mine) / hungry * deep
        rate *= warps / (warps + taken)
    users = [i for i in mine if shares[i].alone_ns]
    wants = [shares[i].hungry * shares[i].flops / shares[i].alone_ns for i in users]
    weights = [float(shares[i].hungry) for i in users]
    _slow_down(speed, users, wants, weights, rate, least=1 if taken else 2)


def _slow_down(
    speed: list[float],
    users: Sequence[int],
    wants: Sequence[float],
    weights: Sequence[float],
    capacity: float,
    least: int = 2,
) -> None:
    """Scale the speeds of ``users`` so that together they want no more than ``capacity``.

    What one wants alone it gets, so fewer than ``least`` of them keep theirs.
    """
    if sum(wants) <= capacity * (1 + 1e-12) or len(users) < least:
        return
    level = _level(wants, weights, capacity)
    for i, want, weight in zip(users, wants, weights, strict=True):
        speed[i] *= min(1.0, weight * level / want)


def _level(wants: Sequence[float], weights: Sequence[float], capacity: float) -> float:
    """Max-min fair level x with sum(min(want, weight * x)) = capacity (water filling)."""
    left, weight = capacity, sum(weights)
    for i in sorted(range(len(wants)), key=lambda i: wants[i] / weights[i]):
        if wants[i] * weight > left * weights[i]:
            break
        left -= wants[i]
        weight -= weights[i]
    return left / weight if weight > 1e-9 else math.inf


class Activity:
    """Something that runs at a pace: ``left`` ns of work (as if alone) at time ``since``."""

    __slots__ = ("left", "pace", "share", "since")

    def __init__(self, since: int, left: float, share: Share) -> None:
        self.since, self.left, self.share, self.pace = since, left, share, 1.0

    def remaining(self, now: int) -> float:
        """Work left, ns as if alone."""
        return self.left - (now - self.since) / self.pace

    def due(self) -> int:
        """When it ends at this pace."""
        return self.since + math.ceil(self.left * self.pace - ROUNDING)


class Flow:
    """What shares one device's bandwidth and arithmetic, with the ends that follow.

    Parameters
    ----------
    heap, due : list of int
        The event queue, and the end of each node or cohort as it stands: an end event whose time is
        not the one in ``due`` is out of date.

    Attributes
    ----------
    apart : bool
        Blocks lie on parts of the device that are not alike.
    """

    def __init__(self, model: DeviceModel, heap: list[int], due: list[int]) -> None:
        self.active: dict[int, Activity] = {}
        self._model, self._heap, self._due = model, heap, due
        self._peak, self._sms = peak(model), model.sm.count
        self._drawn, self._hungry, self._tight = 0.0, 0, False
        self._known: dict[tuple[int, ...], list[float]] = {}
        self._held, self._late, self.apart = False, False, False

    def enter(self, number: int, now: int, work: float, share: Share) -> None:
        """Start ``number`` with ``work`` ns to do."""
        active = self.active
        if active:
            drawn, hungry = self._drawn + share.demand, self._hungry + share.hungry
        else:
            drawn, hungry, self._tight = share.demand, share.hungry, False
        self._drawn, self._hungry = drawn, hungry
        active[number] = Activity(now, work, share)
        due = self._due[number] = now + math.ceil(work - ROUNDING)
        heappush(self._heap, due << SHIFT | number)
        if (
            self._tight
            or self.apart
            or (len(active) > 1 and (drawn > self._peak or hungry > self._sms))
        ):
            self._repace(now)

    def leave(self, number: int, now: int) -> None:
        """End ``number``; the others speed up."""
        share = self.active.pop(number).share
        self._drawn -= share.demand
        self._hungry -= share.hungry
        if self._tight or self.apart:
            self._repace(now)

    def replace(self, number: int, now: int, work: float, share: Share) -> None:
        """Let ``number`` go on as another ``share`` with ``work`` ns left."""
        old = self.active[number]
        self._drawn += share.demand - old.share.demand
        self._hungry += share.hungry - old.share.hungry
        old.left, old.since, old.share = work, now, share
        self._schedule(number, old)
        if len(self.active) > 1 or self.apart:
            self._repace(now)

    def change(self, number: int, now: int, work: float) -> None:
        """Add ``work`` ns (or take them away, when negative)."""
        item = self.active[number]
        item.left, item.since = item.left - (now - item.since) / item.pace + work, now
        self._schedule(number, item)

    def retake(self, now: int) -> None:
        """Turns in the schedulers were taken, or given back."""
        self._known.clear()
        self._repace(now)

    def hold(self) -> None:
        """Until :meth:`settle`, all that comes and goes does so at one moment: share once, then."""
        self._held = True

    def settle(self, now: int) -> None:
        """Share anew if anything came or went since :meth:`hold`."""
        self._held = False
        if self._late:
            self._late = False
            self._repace(now)

    def _repace(self, now: int) -> None:
        if self._held:
            self._late = True
            return
        active = self.active
        key = tuple([id(item.share) for item in active.values()])
        found = self._known.get(key)
        if found is None:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            found = self._known[key] = paces([i.share for i in active.values()], self._model)
        self._tight = False
        for (number, item), pace in zip(active.items(), found, strict=True):
            if pace > 1.0:
                self._tight = True
            if pace != item.pace:
                item.left, item.since, item.pace = item.remaining(now), now, pace
                self._schedule(number, item)

    def _schedule(self, number: int, item: Activity) -> None:
        due = item.due()
        if self._due[number] != due:
            self._due[number] = due
            heappush(self._heap, due << SHIFT | number)
