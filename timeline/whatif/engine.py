"""What runs on an engine, and at which pace; see :mod:`.lifting.sharing`."""

from __future__ import annotations

from heapq import heappop, heappush

from timeline.whatif.lifting.sharing import LEAST_PACE, WHOLE

__all__ = ["Engine"]

_NEVER = float("inf")


class Engine:
    """An engine that activities share.

    Attributes
    ----------
    taken : float
        By all that made no room yet, and by those that it was given to and that don't run yet.
    pace : float
        How many times as long everything takes: another engine slows this one.
    running : int
        How many activities run.
    opposite : int
        Number of the engine that it slows and that slows it, or -1.
    waiting : list of (int, int)
        A heap of what waits for room: rank and place.
    version : int
        Of the latest event that was foreseen.
    """

    __slots__ = (
        "_at",
        "_done",
        "_due",
        "_filled",
        "_full_pace",
        "_held",
        "_later",
        "opposite",
        "pace",
        "running",
        "taken",
        "version",
        "waiting",
    )

    def __init__(self, at: int) -> None:
        self.taken, self.pace, self.opposite, self.version, self.running = 0.0, 1.0, -1, 0, 0
        self.waiting: list[tuple[int, int]] = []
        self._at, self._done, self._filled, self._full_pace = at, 0.0, 0.0, 0
        self._due: list[tuple[float, int, int, float]] = []
        self._later: dict[int, list[float]] = {}  # load, work left, work left when it makes room
        self._held: dict[int, float] = {}  # its load: it runs, and does nothing yet

    def advance(self, time: int) -> None:
        """Do the work up to ``time``."""
        passed = (time - self._at) / self.pace
        self._done += passed
        self._at = time
        if self._later:
            left = 1.0 - self._filled
            for one in self._later.values():
                one[1] -= passed * max(left / one[0], LEAST_PACE)
                left = 0.0

    def start(self, place: int, load: float, work: float, early: float) -> None:
        """Begin an activity now."""
        self.running += 1
        if not self._later and self._filled + load <= WHOLE:
            self._run(place, load, work, early)
        else:
            self._later[place] = [load, work, early]

    def hold(self, place: int, load: float) -> None:
        """Begin an activity that does nothing until :meth:`release`."""
        self.start(place, load, _NEVER, 0.0)

    def release(self, place: int, work: float, early: float) -> None:
        """Let an activity that was held get on."""
        if place in self._held:
            self._work(place, self._held.pop(place), work, early)
        else:
            self._later[place][1:] = work, early

    def _run(self, place: int, load: float, work: float, early: float) -> None:
        self._filled += load
        self._full_pace += 1
        if work == _NEVER:
            self._held[place] = load
        else:
            self._work(place, load, work, early)

    def _work(self, place: int, load: float, work: float, early: float) -> None:
        until = self._done + work
        heappush(self._due, (until, 1, place, load))
        if early > 0:
            heappush(self._due, (until - early, 0, place, load))

    def next_time(self) -> int | None:
        """When next something makes room or ends, ns; None when nothing is due."""
        after = self._due[0][0] - self._done if self._due else _NEVER
        if self._later:
            after = min(after, *(each[0] for each in self._later_events()))
        if after == _NEVER:
            return None
        passed = round(after * self.pace)
        return self._at + passed if passed > 0 else self._at

    def _later_events(self) -> list[tuple[float, int, int]]:
        """Of what runs slowly: in how long, whether it ends, and which."""
        left, found = 1.0 - self._filled, []
        for place, (load, work, early) in self._later.items():
            pace = max(left / load, LEAST_PACE)
            found.append(((work - early) / pace, int(early <= 0), place))
            left = 0.0
        return found

    def happen(self) -> tuple[int, bool]:
        """Take what is due now: an activity, and whether it ends or only makes room."""
        if self._later:
            after, ended, place = min(self._later_events())
            if not self._due or after < self._due[0][0] - self._done:
                return self._slow(place, bool(ended))
        _, ends, place, load = heappop(self._due)
        if ends:
            self.running -= 1
            self._full_pace -= 1
            self._filled = self._filled - load if self._full_pace else 0.0
            if self._later:
                self._promote()
        return place, bool(ends)

    def _slow(self, place: int, ended: bool) -> tuple[int, bool]:
        if ended:
            self.running -= 1
            del self._later[place]
            self._promote()
        else:
            self._later[place][2] = 0.0
        return place, ended

    def _promote(self) -> None:
        """Let run at full pace what came later, in its turn, as far as it fits."""
        while self._later:
            place, (load, work, early) = next(iter(self._later.items()))
            if self._filled + load > WHOLE:
                return
            del self._later[place]
            self._run(place, load, max(work, 0.0), early)
